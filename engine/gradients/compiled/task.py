"""What a call of the compiled steps is told, as ``network.h`` says it: field by field the same."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from ctypes import POINTER, Structure, c_double, c_int32, c_int64, c_void_p
from typing import Any, Final

MOST_LAYERS: Final = 256
"""Layers that there is room for."""
MOST_STATES: Final = 4
"""Numbers that an optimizer may keep for every weight."""
MOST_CONSTANTS: Final = 32
"""Numbers that an update may have computed once a step."""

UNIT, IDENTITY, SOFTMAX, LOG_SOFTMAX = 0, -1, -2, -3
"""Activations: from ``UNIT`` on those that take a unit by itself, in the order of the printed C."""
NORMALISATIONS: Final = {"none": 0, "batch": 1, "layer": 2}
LOSSES: Final = (
    *("mse", "rmse", "l1", "huber", "binary_cross_entropy"),
    *("binary_cross_entropy_with_logits", "cross_entropy", "negative_log_likelihood"),
)
"""The losses whose C is written out, by their names in a preset; behind them come those whose C is
printed from their rules."""


def _fields(kind: Any, names: str) -> Sequence[tuple[str, Any]]:
    return [(name, kind) for name in names.split()]


class Parameter(Structure):
    """Where a parameter lies: a member's numbers together, [members, count]."""

    _fields_ = _fields(c_int64, "offset count")


class LayerOfTask(Structure):
    """A layer: its sizes, its parameters, the masks of its dropout."""

    _fields_ = [
        *_fields(c_int64, "inputs outputs activation normalisation"),
        *_fields(Parameter, "weight bias norm_weight norm_bias running_mean running_var"),
        ("masks", c_void_p),
        *_fields(c_int64, "mask_step mask_member mask_unit"),
    ]


class Task(Structure):
    """Everything: see ``network.h``."""

    _fields_ = [
        *_fields(c_int64, "members layers outputs parameters kept size"),
        ("layer", POINTER(LayerOfTask)),
        ("parameter", POINTER(Parameter)),
        ("weights", c_void_p),
        *_fields(c_int64, "update states setting_count"),
        ("settings", c_void_p),
        ("state", c_void_p * MOST_STATES),
        *_fields(c_int64, "loss mean classes has_accuracy"),
        *_fields(c_double, "delta threshold momentum epsilon"),
        *_fields(c_void_p, "class_weights clip_norm clip_value l1 used"),
        *_fields(c_int64, "piles rows dev_rows stride"),
        *_fields(c_void_p, "inputs targets dev_inputs dev_targets"),
        *_fields(c_int64, "input_member input_step dev_input_member"),
        *_fields(c_int64, "target_member target_step dev_target_member"),
        *_fields(c_int64, "first steps row taken"),
        *_fields(c_void_p, "rates gradients after losses accuracies dev_losses dev_accuracies"),
        ("norms", c_void_p),
    ]


class Team(Structure):
    """The threads that take a member's steps together: see ``team.h``."""

    _fields_ = _fields(c_int32, "size arrived met taken")


def functions(library: ctypes.CDLL, real: str) -> tuple[Any, Any]:
    """Return what says how much room a member's steps need, and what takes them.

    Args:
        library: Where they are.
        real: ``float`` or ``double``.
    """
    room, take = getattr(library, f"room_{real}"), getattr(library, f"take_{real}")
    room.restype, room.argtypes = c_int64, [POINTER(Task)]
    asked = [POINTER(Task), POINTER(Team), c_int64, c_int64, c_int64, c_void_p]
    take.restype, take.argtypes = None, asked
    return room, take
