"""The runs on the screen: watched, in their colours, with what happened in them."""
