"""Which panes there are, an entry each, and where they stand."""

from .arrangement import Box, Form, arrange, form_of, side_width
from .registry import NAMES, PANES, pane_named

__all__ = ["NAMES", "PANES", "Box", "Form", "arrange", "form_of", "pane_named", "side_width"]
