"""Measurements: ratios, side by side in one run."""

import os

# Whoever installs epochal has its modules compiled once: where that is switched off, as it is on
# some build machines, each command that is timed would compile them all anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
