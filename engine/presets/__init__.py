"""TOML files of experiments: found, read, written back with their comments."""
