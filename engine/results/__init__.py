"""A finished run in Python: its history, its network, its answers."""
