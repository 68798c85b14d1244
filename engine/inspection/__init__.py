"""One update looked at: gradients compared, every formula with its numbers."""
