"""The panes: a file each, with one entry called ``PANE``. To add a pane, add its file."""
