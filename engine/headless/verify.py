"""Verifying a run, told of."""

from __future__ import annotations

import json

from ..errors import RunError
from ..recording.history import History
from ..recording.loading import load_history
from ..runs.branches import never_began
from ..runs.folder import RunFolder
from ..text.safe import plain
from .progress import progress_for

EQUAL, DIFFERS = 0, 1


def verify_run(folder: RunFolder, *, allow_code: bool, as_json: bool) -> int:
    """Train a run once more, and print whether it comes to the same.

    Args:
        folder: The run.
        allow_code: Whether a network of one's own may be run.
        as_json: Print an object in place of a line.

    Returns:
        The exit status.

    Raises:
        RunError: It cannot be verified here; says why.
    """
    from ..training.verification import verify

    history = load_history(folder.recording) if folder.recording.exists() else History()
    if history.header is None:
        raise RunError(f"{plain(folder.name)}: cannot be verified, for it {never_began(folder)}")
    with progress_for(history.last_step, quiet=as_json, logged=False) as progress:
        verification = verify(
            folder.name,
            history,
            allow_code=allow_code,
            progress=lambda step: progress.at(step, lambda: f"step {step} is the same"),
        )
    if as_json:
        said = {"run": folder.name, "equal": not verification.difference}
        print(json.dumps({**said, **vars(verification)}, ensure_ascii=True))
    else:
        print(f"{plain(folder.name)}: {plain(verification.words)}")
    return DIFFERS if verification.difference else EQUAL
