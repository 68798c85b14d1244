"""What every picture is made of: axes, canvases, frames, letters, shapes."""
