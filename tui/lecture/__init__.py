"""What a presenter shows: its file, its followers, the notes."""
