"""The engine of epochal: presets in, recordings out. It knows no screen."""

from __future__ import annotations

from typing import Final

__version__: Final = "0.1.0"
"""The version of epochal; the distribution takes it from here."""
