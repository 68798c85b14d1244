"""What everything looks like: glyphs, colours, numbers and text in cells."""
