"""Curves over steps, with their legend and their foot."""
