"""Folders of runs: found, summed up, listed, noted, asked, deleted."""
