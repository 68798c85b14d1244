"""Numbers in a text: found, read off a run, and proofread."""
