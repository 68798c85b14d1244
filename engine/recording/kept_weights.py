"""The weights that a run has kept, and of which step they are: one answer for every command.

    the result's weights: the best, or the last where nothing decides which are best
      ├─ in the recording, as they were written before its end
      ├─ in the recording, where that step was among those whose weights are kept
      ├─ in the checkpoint beside it
      └─ else the nearest step that was kept, which is said and never called the best

Weights in a recording are read without PyTorch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..errors import RunError
from ..text.files import open_file
from ..text.safe import plain
from . import checkpoints
from .best import best_step
from .events import Snapshot
from .forward import unpack
from .history import History
from .lacking import lack_of

SNAPSHOT_LIMIT: Final = 10_000
"""Numbers of a network up to which a recording keeps its weights all along."""
ENDS_LIMIT: Final = 250_000
"""Numbers of a network up to which it keeps them at the start, at its best and at the end."""

Weights = Mapping[str, NDArray[Any]]
"""Parameters and buffers by name: ``layer1.weight`` [out, in], ``layer1.bias`` [out] and so on."""

NONE_KEPT: Final = (
    "there are no weights: the network is too large for the recording to hold them, and no "
    "checkpoint is there"
)


@dataclass(frozen=True, kw_only=True, eq=False)
class KeptWeights:
    """Weights, and what they are."""

    step: int
    """The network had them after this update."""
    asked: int
    """The step that was asked for; where it was not kept, ``step`` is the nearest that was."""
    best: bool = False
    """Whether the best step on the dev set was asked for."""
    last: bool = False
    """Whether the last step was."""
    values: Weights
    """The weights themselves."""

    def words(self, count: Callable[[int], str] = str) -> str:
        """Return whose weights these are, as every command says it.

        Args:
            count: Writes a step.
        """
        return weights_words(self.step, self.asked, best=self.best, last=self.last, count=count)


def weights_words(
    step: int,
    asked: int,
    *,
    best: bool = False,
    last: bool = False,
    count: Callable[[int], str] = str,
) -> str:
    """Return whose weights are used: ``weights of step 96, the best``.

    Args:
        step: The step they are of.
        asked: The step that was asked for.
        best: Whether that is the best on the dev set.
        last: Whether that is the run's last.
        count: Writes a step.
    """
    said = f"weights of step {count(step)}"
    what = "the best" if best else "the last" if last else ""
    if step != asked:
        return f"{said}, kept nearest to {what}{', ' * bool(what)}step {count(asked)}"
    return f"{said}, {what}" if what else said


def last_step(history: History, member: int = 0) -> int:
    """Return the last step a member took: its weights are held from there on."""
    ended_at = history.end.result.get("ended_at") if history.end else None
    return int(ended_at[member]) if ended_at else history.last_step


def result_weights(history: History, member: int = 0, folder: Path | None = None) -> KeptWeights:
    """Return the weights a run came to: the best where it is over and has such, else the last.

    Args:
        history: What is known of the run.
        member: Which network.
        folder: The run's; its checkpoint has weights that the recording may lack.

    Raises:
        RunError: None are kept.
    """
    best = best_step(history, member) if history.end else None
    if best is not None:
        return best_weights(history, best, member, folder)
    return last_weights(history, member, folder)


def best_weights(
    history: History, best: int, member: int = 0, folder: Path | None = None
) -> KeptWeights:
    """Return the weights of a member's best step, or of the step nearest to it.

    Args:
        history: What is known of the run.
        best: What ``engine.recording.best.best_step`` says.
        member: Which network.
        folder: The run's; its checkpoint has weights that the recording may lack.

    Raises:
        RunError: None are kept.
    """
    exact = history.best
    if exact is None or exact.best[member] != best:
        exact = history.snapshot(best)
    is_kept = exact is not None and (exact is history.best or exact.step == best)
    step, weights = _weights(history, best, member, folder, exact if is_kept else None)
    return KeptWeights(step=step, asked=best, best=True, values=weights)


def last_weights(history: History, member: int = 0, folder: Path | None = None) -> KeptWeights:
    """Return the weights of the last step a member took, or of the newest that are kept.

    Args:
        history: What is known of the run.
        member: Which network.
        folder: The run's; its checkpoint has weights that the recording may lack.

    Raises:
        RunError: None are kept.
    """
    last, newest = last_step(history, member), history.snapshot(history.last_step)
    # What was held since is what it was.
    exact = newest if newest is not None and newest.step >= last else None
    step, weights = _weights(history, last, member, folder, exact)
    return KeptWeights(step=step, asked=last, last=True, values=weights)


def _weights(
    history: History, step: int, member: int, folder: Path | None, exact: Snapshot | None
) -> tuple[int, Weights]:
    """Return the weights of a step or of the nearest that was kept, and which step that is.

    Args:
        history: What is known of the run.
        step: Which step is asked for.
        member: Which network.
        folder: The run's.
        exact: The recorded weights of that very step, where there are some.
    """
    assert history.header is not None
    if exact is None and (saved := _from_checkpoint(history, step, member, folder)) is not None:
        return step, saved
    nearest = min(history.snapshot_steps, key=lambda each: abs(each - step), default=0)
    snapshot = exact or history.snapshot(nearest)
    if snapshot is None:
        raise RunError(f"{plain(history.header.run)}: {lack_of(history.header) or NONE_KEPT}")
    return step if exact else nearest, unpack(history.header, snapshot, member)


def _from_checkpoint(
    history: History, step: int, member: int, folder: Path | None
) -> Weights | None:
    """Return a member's weights of a step from the newest checkpoint, if it has them."""
    for checkpoint in reversed(history.checkpoints if folder else []):
        assert folder is not None
        path = checkpoints.file_of(folder, checkpoint)
        if path is not None:
            saved = _read_checkpoint(path)
            try:
                if min(saved["step"], last_step(history, member)) == step:
                    return _of_member(saved["weights"], member, history)
                if saved["best_steps"][member] == step:
                    return _of_member(saved["best_weights"], member, history)
            except (KeyError, TypeError, ValueError, IndexError) as error:
                raise RunError(f"{path}: is no checkpoint of this run: {error!r}") from None
    return None


def _read_checkpoint(path: Path) -> Mapping[str, Any]:
    """Return what a checkpoint holds; it is data, and nothing in it is run."""
    if path.suffix == checkpoints.SUFFIX:
        saved = checkpoints.read(path)
        return {**saved, "best_steps": dict(saved.get("stopping", {})).get("best_steps", ())}
    # As they were written at first.
    import torch

    try:
        with open_file(path) as file:
            old: Mapping[str, Any] = torch.load(file, map_location="cpu", weights_only=True)
        names = ("weights", "best_weights")
        numbers = {key: {name: t.numpy() for name, t in old[key].items()} for key in names}
        return {"step": old["step"], "best_steps": old["best_steps"], **numbers}
    except Exception as error:  # Whatever a damaged file makes PyTorch say.
        raise RunError(f"{path}: is no checkpoint that can be read: {error}") from None


def _of_member(named: Mapping[str, Any], member: int, history: History) -> Weights:
    """Return a member's weights, in the order of the recording: a file has an order of its own."""
    assert history.header is not None
    shapes = {**history.header.parameters, **history.header.buffers}
    return {name: np.reshape(named[name][member], shape) for name, shape in shapes.items()}
