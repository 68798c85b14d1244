"""What keys do: one table behind keys, footer, palette and help; the words on the screen."""
