"""The engine of epochal: presets in, recordings out. It knows no screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from .results.run import LoadedRun, load_run

__all__ = ["LoadedRun", "__version__", "load_run"]

__version__: Final = "0.1.0"
"""The version of epochal; the distribution takes it from here."""


def __getattr__(name: str) -> Any:
    """Load what is rarely wanted when it is wanted: importing the engine costs nothing."""
    if name in ("LoadedRun", "load_run"):
        from .results import run as load

        return getattr(load, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
