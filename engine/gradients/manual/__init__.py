"""Gradients by hand: each layer, loss and update written out as its formula."""
