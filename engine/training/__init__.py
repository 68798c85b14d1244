"""Training: n steps at a time, as a stream of events, and when it ends."""
