"""The members of a population, side by side."""
