"""What can be trained: outputs for rows, and parameters."""

from __future__ import annotations

from typing import Any, Protocol

from torch import Tensor, nn


class Trainable(Protocol):
    """A network as a module, whose parameters are views of one flat tensor."""

    learned: list[nn.Parameter]
    """The parameters, in the order of the recording."""
    modal: bool
    """Whether it computes otherwise while it is trained than while it is measured."""

    def begin(self, step: int) -> None:
        """Set the random numbers to those of a step."""

    def __call__(self, inputs: Tensor) -> Tensor:
        """Return the outputs [members, rows, outputs] for inputs [members, rows, features]."""
        ...

    def train(self, mode: bool = True) -> Any:
        """Compute as while it is trained, or as while it is measured."""
