"""The command without a screen: ``python -m engine run two-moons``."""

from __future__ import annotations

from .cli import main

if __name__ == "__main__":
    main()
