"""The way to the terminal: a driver, paced by the line. It knows nothing of the lab."""
