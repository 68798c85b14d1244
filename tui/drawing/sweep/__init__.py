"""Pictures of a sweep: its trials by two of their settings."""
