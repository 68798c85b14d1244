"""The network's pictures: which there are, and how they stand still."""
