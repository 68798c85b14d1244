"""What a trained network is worth on rows whose answers are known."""
