"""The network as an ordinary ``nn.Module``, for one member or many of one shape at once.

Shapes, here and wherever autograd computes:

    inputs and activations   [members, rows, features], or [members, rows, channels, height, width]
    weights                  [members, out, in], or [members, out, in, side, side]
    biases and the like      [members, 1, out]

Rows come before features as everywhere in PyTorch. It is also what keeps units that are equal
equal to the last bit: with features first, the product that gives a weight's gradient computes
the first and the last of five equal units in different ways.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import torch
from torch import Tensor, nn

from ..components.activations import ACTIVATIONS
from ..errors import EpochalError
from ..experiment.experiment import Members
from ..experiment.layers import PlannedLayer
from ..recording.checkpoints import State
from .dropout_masks import Masks
from .parameters import ParameterLayout

EPSILON: Final = 1e-5
"""What PyTorch's normalisations add to the variance."""
MOMENTUM: Final = 0.1
"""The share of a batch's figures in PyTorch's running ones."""


class Affine(nn.Module):
    """What a layer with a weight and a bias has: parameters that are views of the flat tensor.

    Args:
        weight: [members, out, in, …], or a scale [members, 1, units].
        bias: [members, 1, out], or a shift [members, 1, units].
    """

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(weight), nn.Parameter(bias)


class Linear(Affine):
    """A linear layer: weight · input + bias, for each member its own."""

    def forward(self, inputs: Tensor) -> Tensor:
        """Return [members, rows, out] for inputs [members, rows, in]."""
        # One call for all members; the bias [members, 1, out] is spread over the rows.
        return torch.baddbmm(self.bias, inputs, self.weight.transpose(1, 2))


def side_by_side(inputs: Tensor) -> Tensor:
    """Return the channels of all members beside each other: [rows, members * channels, …]."""
    return inputs.transpose(0, 1).flatten(1, 2)


def by_member(outputs: Tensor, members: int) -> Tensor:
    """Return what ``side_by_side`` gave as [members, rows, channels, …] again."""
    return torch.unflatten(outputs, 1, (members, -1)).transpose(0, 1)


def convolved(inputs: Tensor, weight: Tensor, bias: Tensor, layer: PlannedLayer) -> Tensor:
    """Return the sums of a convolution, [members, rows, out, height, width].

    Args:
        inputs: [members, rows, in, height, width].
        weight: [members, out, in, side, side].
        bias: [members, 1, out].
        layer: Its stride and its padding.
    """
    members = len(inputs)
    # A group of channels for each member: none sees another's.
    sums = nn.functional.conv2d(
        side_by_side(inputs),
        weight.flatten(0, 1),
        bias.flatten(),
        layer.stride,
        layer.padding,
        groups=members,
    )
    return by_member(sums, members)


class Convolution(Affine):
    """A convolution, for each member its own.

    Args:
        weight: [members, out, in, side, side].
        bias: [members, 1, out].
        layer: Its stride and its padding.
    """

    def __init__(self, weight: Tensor, bias: Tensor, layer: PlannedLayer) -> None:
        super().__init__(weight, bias)
        self._layer = layer

    def forward(self, inputs: Tensor) -> Tensor:
        """Return [members, rows, out, height, width]."""
        return convolved(inputs, self.weight, self.bias, self._layer)


class Pooling(nn.Module):
    """The greatest number of each square of a picture, or their mean.

    Args:
        layer: The side of the squares, and how far they are apart.
    """

    def __init__(self, layer: PlannedLayer) -> None:
        super().__init__()
        self._layer = layer

    def forward(self, inputs: Tensor) -> Tensor:
        """Return [members, rows, channels, height, width], smaller."""
        pictures, size = inputs.flatten(0, 1), (self._layer.kernel, self._layer.stride)
        if self._layer.mode == "max":
            pooled = nn.functional.max_pool2d(pictures, *size)
        else:
            pooled = nn.functional.avg_pool2d(pictures, *size)
        return torch.unflatten(pooled, 0, inputs.shape[:2])


class LayerNorm(Affine):
    """Each row to mean 0 and variance 1 over its units, then a learned scale and shift.

    Behind a convolution over a picture's channels together, with a scale and a shift for each.
    """

    def forward(self, inputs: Tensor) -> Tensor:
        """Return [members, rows, units, …], normalised."""
        # Its own scale and shift would be one for all members: each has theirs, applied behind it.
        normalised = nn.functional.layer_norm(inputs, inputs.shape[2:], eps=EPSILON)
        return torch.addcmul(spread(self.bias, inputs), normalised, spread(self.weight, inputs))


def spread(numbers: Tensor, over: Tensor) -> Tensor:
    """Return a number a channel, [members, 1, channels], as it lies beside [members, rows, …]."""
    return numbers.view(*numbers.shape, *(1,) * (over.dim() - numbers.dim()))


class BatchNorm(Affine):
    """Each unit to mean 0 and variance 1 over the rows, then a learned scale and shift.

    In evaluation it takes the running figures in place of the batch's.

    Args:
        weight: The scale, [members, 1, units].
        bias: The shift, [members, 1, units].
        mean: The running mean, [members, 1, units]; updated in place.
        variance: The running variance, [members, 1, units]; updated in place.
    """

    def __init__(self, weight: Tensor, bias: Tensor, mean: Tensor, variance: Tensor) -> None:
        super().__init__(weight, bias)
        # .data: autograd need not know that the running figures share memory with the weights.
        self.running_mean, self.running_var = mean.data.view(-1), variance.data.view(-1)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return [members, rows, units, …], normalised."""
        # PyTorch normalises over the rows for each feature: members become more features.
        running = self.running_mean, self.running_var
        affine = self.weight.view(-1), self.bias.view(-1)
        # In training the running figures are updated in place: they are the recording's buffers.
        normalised = nn.functional.batch_norm(
            side_by_side(inputs), *running, *affine, self.training, MOMENTUM, EPSILON
        )
        return by_member(normalised, len(inputs))


class Dropout(nn.Module):
    """Leaves units out, each with the same probability, and scales the others up for it.

    Args:
        masks: The masks of the whole network.
        layer: Which of its dropouts this is, from 0.
    """

    def __init__(self, masks: Masks, layer: int) -> None:
        super().__init__()
        self._masks, self._layer = masks, layer

    def forward(self, inputs: Tensor) -> Tensor:
        """Return [members, rows, units, …], some of them 0 while training."""
        if not self.training:
            return inputs
        # The masks lie features first, as the formulas have them: turned here, both ways draw
        # alike.
        mask = self._masks.mask(self._layer, inputs.shape[1]).mT
        return inputs * (mask if inputs.dim() == 3 else torch.unflatten(mask, 2, inputs.shape[2:]))


class Network(nn.Module):
    """The layers of an experiment, layer1 … layerN, each followed by what comes after it.

    Args:
        members: What each network looks like; they differ in numbers alone.
        flat: Their parameters and buffers, [size]; the layers' parameters are views of it, so
            that what the optimizer changes changes ``flat``.
        masks: What dropout leaves out; the members' own where this is left out.
    """

    def __init__(self, members: Members, flat: Tensor, masks: Masks | None = None) -> None:
        super().__init__()
        self.masks = masks or Masks(members, flat.device, flat.dtype)
        """What dropout leaves out."""
        experiment = members[0]
        views = ParameterLayout(experiment, len(members)).views(flat)
        model, dropouts, plan = experiment.model, 0, experiment.plan
        if len(plan[0].into) > 1:
            self.add_module("picture", nn.Unflatten(2, plan[0].into))
        for index, (layer, activation) in enumerate(zip(plan, model.activations, strict=True), 1):
            self.add_module(layer.name, make_layer(layer, views))
            # In the order of the layout: scale and shift, then the running figures where there are
            # any.
            norm = [views[name] for name in views if name.startswith(f"{layer.name}.norm.")]
            if norm:
                kind = {"batch": BatchNorm, "layer": LayerNorm}[model.normalisations[index - 1]]
                self.add_module(f"norm{index}", kind(*norm))
            if layer.kind in ("conv", "dense"):
                self.add_module(f"activation{index}", make_activation(activation))
            if model.dropouts[index - 1]:
                self.add_module(f"dropout{index}", Dropout(self.masks, dropouts))
                dropouts += 1
        self._stages = list(self.children())
        parameters = dict(self.named_parameters())
        self.learned = [parameters[_module_name(name)] for name in experiment.shapes]
        """The parameters, in the order of the experiment's shapes."""
        self.modal = any(isinstance(stage, Dropout | BatchNorm) for stage in self._stages)
        """Whether it computes otherwise while it is trained than while it is measured."""

    def counters(self) -> State:
        """Return nothing: all it has is among its parameters and buffers."""
        return {}

    def restore(self, counters: State) -> None:
        """Go on from what ``counters`` returned."""

    def begin(self, step: int) -> None:
        """Set the random numbers to those of a step: they are a function of seed and step."""
        self.masks.begin(step)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the outputs [members, rows, outputs] for inputs [members, rows, features]."""
        hidden = inputs
        # [members, rows, …] all the way: only what a row is changes from stage to stage.
        for stage in self._stages:
            hidden = stage(hidden)
        return hidden


def make_layer(layer: PlannedLayer, views: Mapping[str, Tensor]) -> nn.Module:
    """Return the module of a layer, without what follows it.

    Args:
        layer: What it is.
        views: Parameters by name.
    """
    match layer.kind:
        case "pool":
            return Pooling(layer)
        case "flatten":
            return nn.Flatten(2)
    weight, bias = views[f"{layer.name}.weight"], views[f"{layer.name}.bias"]
    return Convolution(weight, bias, layer) if layer.kind == "conv" else Linear(weight, bias)


def make_activation(name: str) -> nn.Module:
    """Return PyTorch's module of an activation.

    Raises:
        EpochalError: This PyTorch has none.
    """
    activation = ACTIVATIONS[name]
    kind: type[nn.Module] | None = getattr(nn, activation.module, None)
    if kind is None:
        raise EpochalError(
            f"model.activation: PyTorch {torch.__version__} has no nn.{activation.module} to "
            f"compute {name!r} with; choose another"
        )
    return kind(**activation.arguments)


def _module_name(name: str) -> str:
    """Return where the network keeps the parameter a recording calls ``name``."""
    layer, _, rest = name.partition(".norm.")
    return f"{layer.replace('layer', 'norm')}.{rest}" if rest else name
