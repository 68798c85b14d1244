"""Several runs at the same step."""
