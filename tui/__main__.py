"""``python -m tui`` is ``epochal``."""

from tui.cli import main

main()
