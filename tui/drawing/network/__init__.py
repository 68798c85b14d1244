"""What the network says and what it is: its function, its regions, its weights."""
