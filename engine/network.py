"""The network as an ordinary ``nn.Module``, for one member or many of one shape at once.

Shapes, here and wherever autograd computes:

    inputs and activations   [members, rows, features]
    weights                  [members, out, in]
    biases                   [members, 1, out]

Rows come before features as everywhere in PyTorch. It is also what keeps units that are equal
equal to the last bit: with features first, the product that gives a weight's gradient computes
the first and the last of five equal units in different ways.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from engine.activations import ACTIVATIONS
from engine.experiment import Experiment
from engine.parameters import Layout


class Linear(nn.Module):
    """A linear layer: weight · input + bias, for each member its own.

    Args:
        weight: [members, out, in].
        bias: [members, 1, out].
    """

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight)
        self.bias = nn.Parameter(bias)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return [members, rows, out] for inputs [members, rows, in]."""
        return torch.baddbmm(self.bias, inputs, self.weight.transpose(1, 2))


class Network(nn.Module):
    """The layers of an experiment, layer1 … layerN, each followed by its activation.

    Args:
        experiment: What the network looks like.
        members: How many networks there are.
        flat: Their parameters, [size]; the layers' parameters are views of it, so that what the
            optimizer changes changes ``flat``.
    """

    def __init__(self, experiment: Experiment, members: int, flat: Tensor) -> None:
        super().__init__()
        self.flat = flat
        views = Layout(experiment.shapes, members).views(flat)
        for index, name in enumerate(experiment.model.activations, start=1):
            weight, bias = views[2 * index - 2], views[2 * index - 1]
            self.add_module(f"layer{index}", Linear(weight, bias))
            self.add_module(f"activation{index}", _activation(name))
        self.stages = list(self.children())

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the outputs [members, rows, outputs] for inputs [members, rows, features]."""
        hidden = inputs
        for stage in self.stages:
            hidden = stage(hidden)
        return hidden


def _activation(name: str) -> nn.Module:
    activation = ACTIVATIONS[name]
    module: nn.Module = getattr(nn, activation.module)(**activation.arguments)
    return module
