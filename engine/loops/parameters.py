"""The parameters that are watched: names, and how they are folded where there are too many."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from torch import Tensor, nn
from torch.optim import Optimizer

from ..recording.events import NAME_LENGTH

MOST_NAMES: Final = 300
"""Parameters that have columns of their own; of more those of a module are one."""


@dataclass(frozen=True, eq=False)
class WatchedParameters:
    """The parameters of a loop, in an order that does not change."""

    tensors: Sequence[Tensor]
    """The parameters themselves, each once."""
    names: Sequence[str]
    """What each is called in its module."""
    folds: Sequence[str]
    """Which names have columns: the parameters', or their modules' where there are many."""
    fold_of: Sequence[int]
    """Which of these each parameter is of."""

    @property
    def size(self) -> int:
        """How many numbers there are."""
        return sum(each.numel() for each in self.tensors)


def watched(model: nn.Module | None, optimizers: Sequence[Optimizer]) -> WatchedParameters:
    """Return the parameters that optimizers move, by their names in a module.

    Args:
        model: What names them; those that are not in it are called by optimizer and place.
        optimizers: What moves them.
    """
    named = {id(each): name for name, each in model.named_parameters()} if model else {}
    tensors: dict[int, tuple[Tensor, str]] = {}
    for which, optimizer in enumerate(optimizers):
        place = 0
        for group in optimizer.param_groups:
            for each in group["params"]:
                usual = f"optimizer{which + 1 if len(optimizers) > 1 else ''}.{place}"
                tensors.setdefault(id(each), (each, named.get(id(each), usual)[-NAME_LENGTH:]))
                place += 1
    names = [name for _, name in tensors.values()]
    folds, fold_of = _folded(names)
    return WatchedParameters([each for each, _ in tensors.values()], names, folds, fold_of)


def _folded(names: Sequence[str]) -> tuple[list[str], list[int]]:
    """Return what has columns, and which of it each parameter is of.

    The deepest modules of which there are few enough stand for what is in them.
    """
    depth = max((name.count(".") for name in names), default=0)
    folds = list(names)
    while len(set(folds)) > MOST_NAMES and depth >= 0:
        folds = [".".join(name.split(".")[: depth + 1]) for name in names]
        depth -= 1
    if len(set(folds)) > MOST_NAMES:
        folds = ["all"] * len(names)
    kept = _unique(folds)
    return kept, [kept.index(each) for each in folds]


def _unique(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))
