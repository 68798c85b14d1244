"""The network as a PyTorch module over one flat tensor, one's own module, dropout's masks."""
