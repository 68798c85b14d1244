"""The panes of the lab, one a file: state comes down to them, messages go up from them."""
