"""Drawings: from a panel and what Prometheus answered to pictures, figures and tables."""
