"""An experiment in words and as a plain PyTorch program."""
