"""Other programs' logs as recordings: TensorBoard's event files, and CSV as loggers write it."""
