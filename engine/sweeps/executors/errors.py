"""What can be wrong with an executor."""

from __future__ import annotations

from ...errors import EpochalError


class ExecutorError(EpochalError):
    """An executor that there is not, whose package is missing, or that cannot be reached."""


def missing(name: str, package: str) -> ExecutorError:
    """Return what to say where the package of an executor is not installed."""
    return ExecutorError(
        f"--executor {name}: needs {package}: pip install 'epochal[{name}]', or train on this "
        "machine: --executor local"
    )
