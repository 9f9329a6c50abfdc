"""One file for each thing that is judged: evidence in, verdict out, nothing asked, nothing read."""
