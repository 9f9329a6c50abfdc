"""What the instruments cost, measured side by side in one run."""
