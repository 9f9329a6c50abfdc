"""The web shop: asks recommendations for books and serves a page whatever happens."""
