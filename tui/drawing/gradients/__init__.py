"""The gradients of every layer, as a table."""
