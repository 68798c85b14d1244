"""The formula of each optimizer that has one."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any, Final

from torch import Tensor

from ....components.optimizers import OPTIMIZERS, OptimizerBase
from ....components.update_rules import UpdateRule
from ....experiment.experiment import Experiment, Members
from ....network.parameters import ParameterLayout
from .base import UpdateBase, owners_of
from .by_rule import RuledUpdate


def formula_of(optimizer: type[OptimizerBase]) -> type[UpdateBase] | None:
    """Return what computes an optimizer's update, where there is a formula."""
    if optimizer.update is None or isinstance(optimizer.update, UpdateRule):
        return RuledUpdate if optimizer.update else None
    module, _, name = optimizer.update.partition(":")
    # "adam:AdamUpdate": the entry names a class, as what an entry says needs no torch.
    formula: type[UpdateBase] = getattr(import_module(f".{module}", __package__), name)
    return formula


FORMULAS: Final[Mapping[str, type[UpdateBase]]] = {
    name: formula for name, each in OPTIMIZERS.items() if (formula := formula_of(each))
}
"""The formulas by their optimizer's name in a preset."""


def make_update(
    members: Members, layout: ParameterLayout, weights: Tensor, capturable: bool = False
) -> UpdateBase:
    """Return what updates the weights as the members' optimizers say.

    Args:
        members: The members, whose optimizers may differ in every number.
        layout: Where each member's parameters lie.
        weights: The flat tensor [size], or its parameters' part [numbers]; written in place.
        capturable: Whether a step can be captured in a CUDA graph.
    """
    owners = owners_of(layout)
    # Buffers lie behind the parameters: no optimizer ever touches them.
    numbers = weights[: len(owners)]
    assert len({_kind(member) for member in members}) == 1, "members differ in numbers alone"
    return FORMULAS[members[0].optimizer.name](members, owners, numbers, capturable)


def _kind(member: Experiment) -> tuple[Any, ...]:
    """Return what makes a formula another formula: its name, and what is on or off in it."""
    switches = (value for _, value in member.optimizer if isinstance(value, bool))
    return member.optimizer.name, *switches
