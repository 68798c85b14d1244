"""Questions, and where a line of text is typed."""
