"""What an experiment can be made of, a family a file, without PyTorch; it knows no run."""
