"""The optimizers' formulas, over one flat tensor of all members."""
