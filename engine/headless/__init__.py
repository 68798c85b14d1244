"""A run without a screen: its progress and its result in words."""
