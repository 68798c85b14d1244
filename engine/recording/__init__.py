"""The file of a run, and what can be known from it alone: no schema, no PyTorch."""
