"""Where a replay stands: transport, timeline, chapters."""
