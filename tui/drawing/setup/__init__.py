"""What a setup would train on."""
