"""What can be wrong with an executor."""

from __future__ import annotations

from ...errors import EpochalError


class ExecutorError(EpochalError):
    """An executor that there is not, whose package is missing, or that cannot be reached."""
