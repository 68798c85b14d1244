"""Which step a replay shows, and how fast. It knows no Textual."""
