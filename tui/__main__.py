"""``python -m tui`` is ``epochal``."""

from .cli import main

main()
