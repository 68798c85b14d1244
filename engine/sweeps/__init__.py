"""Sweeps: many populations, each a group of trials that train side by side."""
