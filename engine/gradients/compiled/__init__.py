"""Gradients by the formulas, played by compiled C: many steps a call."""
