"""What somebody else's name for a number means here: on which rows it was measured, and what.

    loss  train_loss  train/loss  Loss/train  train_loss_step    ── train   loss
    val_acc  eval/accuracy  Accuracy/validation  epoch_acc (val) ── dev     accuracy
    lr-Adam  learning_rate                                       ── train   lr
    val_f1  f1/val                                               ── dev     f1
    fid  loss_D  anything else                                   ── other   under its own name

The names are those of Keras, Lightning, Hugging Face, PyTorch's own examples and TensorBoard.
What is of no rows that are named is nobody's: it is drawn by itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

TRAIN: Final = "train"
OTHER: Final = "other"

ROLES: Final[Mapping[str, str]] = {
    **dict.fromkeys(("train", "training", "trn"), TRAIN),
    **dict.fromkeys(("dev", "val", "valid", "validation", "eval", "evaluation"), "dev"),
    **dict.fromkeys(("test", "testing"), "test"),
}
"""Words for sets of rows."""

_MEASURES: Final[Mapping[str, str]] = {
    **{name: name for name in ("loss", "accuracy", "lr", "grad_norm")},
    **{f"{kind}_accuracy": "accuracy" for kind in ("binary", "categorical", "sparse_categorical")},
    "acc": "accuracy",
    "learning_rate": "lr",
    "gradient_norm": "grad_norm",
}
"""What is measured under its own name here, by the names it has elsewhere."""

_ROLE: Final = "|".join(sorted(ROLES, key=len, reverse=True))
_BEFORE: Final = re.compile(rf"({_ROLE})[/_.\- ]+(.+)", re.IGNORECASE | re.DOTALL)
_BEHIND: Final = re.compile(rf"(.+)[/_.\- ]+({_ROLE})", re.IGNORECASE | re.DOTALL)
_RATE: Final = re.compile(r"lr-\w+")
"""What Lightning calls a learning rate: after its optimizer."""


class Meaning(NamedTuple):
    """What a number is."""

    role: str
    """``train``, ``dev``, ``test``, ``epoch`` for a mean over one, or ``other``."""
    column: str
    """What is measured."""


def meaning_of(name: str) -> Meaning:
    """Return what a number of this name is."""
    role, rest = _role_of(name)
    # Lightning tells a step's value and an epoch's mean apart; Keras's are all of epochs.
    bare = re.sub(r"^epoch_|_step$|_epoch$", "", rest)
    measure = _MEASURES.get(bare.lower().replace(" ", "_"), "lr" if _RATE.fullmatch(bare) else "")
    if not role:
        return Meaning(TRAIN, measure) if measure else Meaning(OTHER, name)
    if role == TRAIN and rest.endswith("_epoch"):
        return Meaning("epoch", measure or bare)
    return Meaning(role, measure or bare)


def _role_of(name: str) -> tuple[str, str]:
    """Return the rows that a name says, and the rest of it; none where it says none."""
    if match := _BEFORE.fullmatch(name):
        return ROLES[match[1].lower()], match[2]
    if match := _BEHIND.fullmatch(name):
        return ROLES[match[2].lower()], match[1]
    return "", name


def role_of(group: str) -> str:
    """Return the role of a group: it stands before the number that tells it from others."""
    return group.partition(" ")[0]


def numbered(role: str, number: int) -> str:
    """Return what the group of a role is called, counted from 1: ``train``, ``train 2``."""
    return role if number == 1 else f"{role} {number}"


class Meanings:
    """What each of several names means, no two of them the same."""

    def __init__(self) -> None:
        self._of: dict[str, Meaning] = {}
        self._taken: set[Meaning] = set()

    def of(self, name: str) -> Meaning:
        """Return what a name means; one that means what another does keeps itself."""
        if name not in self._of:
            meaning = meaning_of(name)
            if meaning in self._taken:
                meaning = Meaning(OTHER, name)
            self._taken.add(meaning)
            self._of[name] = meaning
        return self._of[name]
