"""Text made harmless, and numbers in it as people read and write them. It knows nothing of ours."""
