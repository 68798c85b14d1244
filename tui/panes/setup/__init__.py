"""The setup: its form, its fields, an example of its data."""
