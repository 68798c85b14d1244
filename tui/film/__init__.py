"""A run as a film of the lab's own screen, drawn without a terminal: as an asciicast, as a GIF."""
