"""What stands in a file of one's own, found out before a preset is written for it."""
