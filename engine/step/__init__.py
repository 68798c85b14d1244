"""What one update needs, whoever computes its gradients: batches, measurements, optimizers."""
