"""All parameters of all members in one tensor, and where each of them lies in it.

    flat [size]
      └ layer1.weight [members, out, in] │ pad │ layer1.bias [members, out] │ pad │ layer2.weight …

One tensor means that a copy of all weights is one operation, and that a step's gradients are one
row of a block. Every parameter is dense and starts on 64 bytes: PyTorch's matrix products give
other bits at other memory offsets.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Final, Protocol

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from ..components.initialisers import Default, InitialiserBase
from ..experiment.experiment import Members
from ..experiment.layers import Init
from ..randomness import derive_seed
from ..recording.values import Values

ALIGNMENT: Final = 16
"""Numbers on which a parameter starts: 64 bytes of float32."""


class Shaped(Protocol):
    """What knows a network's names and shapes: an experiment, or a module of one's own."""

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Every parameter's name and shape."""
        ...

    @property
    def buffers(self) -> dict[str, tuple[int, ...]]:
        """The name and shape of what is kept beside the parameters."""
        ...


class ParameterLayout:
    """Where the parameters lie.

    Args:
        network: Names and shapes of its parameters, and of its buffers, which follow them.
        members: How many networks there are.
    """

    def __init__(self, network: Shaped, members: int) -> None:
        self.parameters: Final = network.shapes
        """The name and shape of each parameter: of what has gradients."""
        self.shapes: Final = network.shapes | network.buffers
        self.members: Final = members
        self.ranges: Final[list[tuple[int, int]]] = []
        """Where each of ``shapes`` begins and ends in ``flat``, all members of it."""
        self.size = 0
        """Numbers in all, padding included."""
        self.learned = 0
        """Numbers of the parameters, which come first, padding included."""
        # All members' numbers of a parameter lie together, so that one operation updates or
        # multiplies them; a member's own are scattered, which is what ``positions`` is for.
        for index, shape in enumerate(self.shapes.values()):
            # Dense for all members together, then padded once: not a gap for each member.
            count = members * math.prod(shape)
            self.ranges.append((self.size, self.size + count))
            self.size += -(-count // ALIGNMENT) * ALIGNMENT
            self.learned = self.size if index < len(self.parameters) else self.learned
        positions = [np.arange(*ends).reshape(members, -1) for ends in self.ranges]
        self.positions: Final[NDArray[np.int64]] = np.concatenate(positions, axis=1)
        """Where each member's numbers lie in ``flat``, [members, numbers]."""

    def slices(self, flat: Tensor) -> list[Tensor]:
        """Return the part of ``flat`` [..., size] of each shape, as [..., members, numbers]."""
        return self._cut(flat, len(self.shapes))

    def parameter_slices(self, flat: Tensor) -> list[Tensor]:
        """Return the ``slices`` of what has gradients; ``flat`` may end there, [..., learned]."""
        return self._cut(flat, len(self.parameters))

    def _cut(self, flat: Tensor, count: int) -> list[Tensor]:
        lead = flat.shape[:-1]
        ranges = self.ranges[:count]
        return [flat[..., start:stop].view(*lead, self.members, -1) for start, stop in ranges]

    def views(self, flat: Tensor) -> dict[str, Tensor]:
        """Return views of ``flat`` [size] by name.

        Weights are [members, out, in] or [members, out, in, side, side], everything else is
        [members, 1, out].
        """
        return {
            # With an axis of 1 for the rows, over which PyTorch spreads a bias by itself.
            name: part.view(self.members, *(shape if len(shape) > 1 else (1, *shape)))
            for (name, shape), part in zip(self.shapes.items(), self.slices(flat), strict=True)
        }

    def pack(self, flat: Tensor) -> Values:
        """Return ``flat`` [..., size] as float32 [..., members, numbers], without the padding."""
        # One fetch, and NumPy copies: what is recorded is member by member, and has no padding.
        # Parameter by parameter, which takes a fifth of what looking up each number's place does.
        numbers, end = flat.detach().cpu().numpy(), 0
        packed = np.empty((*numbers.shape[:-1], *self.positions.shape), np.float32)
        # A float64 that is too large is infinite here, as in the rows.
        with np.errstate(over="ignore"):
            for start, stop in self.ranges:
                part = numbers[..., start:stop].reshape(*numbers.shape[:-1], self.members, -1)
                begin, end = end, end + part.shape[-1]
                packed[..., begin:end] = part
        return packed

    def named(self, flat: Tensor) -> dict[str, Tensor]:
        """Return copies by name, as [members, *shape] on the CPU.

        Args:
            flat: Parameters and buffers, [size], or the parameters alone, [learned].
        """
        return {
            name: part.detach().cpu().reshape(self.members, *self.shapes[name]).clone()
            for name, part in self._parts(flat)
        }

    def place(self, named: Mapping[str, ArrayLike], flat: Tensor) -> None:
        """Write what ``named`` returned back into a tensor, [size] or [learned], in place."""
        for name, part in self._parts(flat):
            part.copy_(torch.as_tensor(named[name]).reshape(self.members, -1))

    def _parts(self, flat: Tensor) -> Iterator[tuple[str, Tensor]]:
        """Yield the name of each that ``flat`` holds, and its part, [members, numbers]."""
        whole = flat.shape[-1] == self.size
        names = self.shapes if whole else self.parameters
        return zip(names, self._cut(flat, len(names)), strict=True)


def initialise(members: Members, dtype: torch.dtype) -> Tensor:
    """Return the untrained parameters and buffers of some networks of one shape, [size] on the CPU.

    Every parameter of every member has a stream of its own, derived from the member's seed: a
    member starts as it would alone, and a layer more does not change the others' draws.
    """
    layout = ParameterLayout(members[0], len(members))
    # Zeros, for the padding: it is updated with the rest, and stays what it is.
    flat = torch.zeros(layout.size, dtype=dtype)
    # Those with weights, counted from 0: what stands between them draws nothing.
    learning = [name for name in layout.shapes if name.count(".") == 1 and name.endswith("weight")]
    places = {name.partition(".")[0]: place for place, name in enumerate(learning)}
    for (name, shape), part in zip(layout.shapes.items(), layout.slices(flat), strict=True):
        # "layer2.norm.weight": layer 2, and what of it.
        layer, _, what = name.partition(".")
        # A unit's inputs: for a convolution, all that its squares see.
        fan_in = math.prod(layout.shapes[f"{layer}.weight"][1:])
        for member, experiment in enumerate(members):
            init = experiment.model.inits[int(layer.removeprefix("layer")) - 1]
            counter = 2 * places[layer] + (what == "bias")
            drawn = _start(init, experiment.train.seed, counter, what, shape, fan_in)
            # Copied into its place: the draw itself is dense, and the same wherever it goes.
            part[member] = drawn.reshape(-1)
    return flat


def _start(
    init: Init, seed: int, counter: int, part: str, shape: tuple[int, ...], fan_in: int
) -> Tensor:
    """Return how one parameter or buffer of one member starts."""
    match part:
        # A scale of 1 and a shift of 0 change nothing, until training finds that they should.
        case "norm.weight" | "norm.running_var":
            return torch.ones(shape)
        case "norm.bias" | "norm.running_mean":
            return torch.zeros(shape)
        case _:
            # A stream for each parameter, and not one for the network: to change the initialiser of
            # one layer, or to add a layer behind it, leaves all that others draw as it was.
            stream = torch.Generator().manual_seed(derive_seed(seed, "init", counter))
            drawn = torch.empty(shape)
            _fill(drawn, init, fan_in, stream)
            return drawn


def _fill(tensor: Tensor, init: Init, fan_in: int, stream: torch.Generator) -> None:
    """Draw one parameter with PyTorch's own function."""
    spec: InitialiserBase = init.weight if tensor.dim() > 1 else init.bias
    function = getattr(torch.nn.init, spec.function)
    # nn.Linear's own: kaiming_uniform_ with a = √5, which comes to this for weight and bias.
    if isinstance(spec, Default):
        bound = 1 / math.sqrt(fan_in)
        function(tensor, -bound, bound, generator=stream)
    elif spec.draws:
        function(tensor, **spec.arguments, generator=stream)
    else:
        function(tensor, **spec.arguments)
