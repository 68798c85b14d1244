"""What a room full of people reads: slides, banners, the notes."""
