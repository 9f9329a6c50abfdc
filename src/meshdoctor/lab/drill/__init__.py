"""The drill: hurt a mesh on purpose, and time the page."""
