"""The matrix: every fault on purpose, what the doctor calls it, and how long everything takes."""
