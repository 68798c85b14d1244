"""What can be trained: outputs for rows, and parameters; and how it is made, untrained."""

from __future__ import annotations

from typing import Any, Protocol

import torch
from torch import Tensor, nn

from ..experiment.experiment import Members
from ..recording.checkpoints import State
from .module import Network
from .own_module import OwnNetwork
from .parameters import Shaped, initialise


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

    def counters(self) -> State:
        """Return what it counts beside its parameters and buffers, as arrays by name."""
        ...

    def restore(self, counters: State) -> None:
        """Go on counting from what ``counters`` returned."""

    def train(self, mode: bool = True) -> Any:
        """Compute as while it is trained, or as while it is measured."""


def make_network(
    members: Members, device: torch.device, dtype: torch.dtype, *, allow_code: bool
) -> tuple[Shaped, Trainable, Tensor]:
    """Make the untrained networks of some members of one shape.

    Args:
        members: What each is.
        device: Where they compute.
        dtype: What they compute with.
        allow_code: Whether a network of one's own may be run.

    Returns:
        What knows the names and shapes of the parameters, the network as a module, and the flat
        tensor [size] that all its parameters and buffers are views of.

    Raises:
        CodeError: A network of one's own may not be run, or does not work.
    """
    experiment = members[0]
    if experiment.model.kind == "python":
        network = OwnNetwork(experiment, experiment.train.seed, allow_code=allow_code)
        return network, network, network.flatten(device, dtype)
    # Drawn on the CPU, wherever it trains: a GPU's generator would start another network.
    weights = initialise(members, dtype).to(device)
    return experiment, Network(members, weights), weights
