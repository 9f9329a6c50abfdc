"""The recommendations service: a gRPC server which knows books by category and visitor."""
