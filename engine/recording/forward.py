"""The network's outputs, computed from recorded weights by numpy alone.

A viewer draws any picture of any recorded step with this, at its own size and without PyTorch.
It knows no training, no file and no screen.

    header, snapshot ── unpack ──► weights by name ── forward ──► the outputs of every layer
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from ..components.activations import ACTIVATIONS
from ..errors import RecordingError
from .events import Header, Snapshot

if TYPE_CHECKING:
    from ..data import Scaling

Array = NDArray[np.float32]

SQUARES: Final = 1 << 23
"""Numbers of a convolution's squares that are held at a time."""

EPSILON: Final = 1e-5
"""What PyTorch's normalisations add to the variance."""


def unpack(header: Header, snapshot: Snapshot, member: int = 0) -> dict[str, Array]:
    """Return parameters and buffers of one member by name, as views of the snapshot.

    Args:
        header: Names and shapes, in the order of the snapshot.
        snapshot: The weights at a step.
        member: Which network.

    Raises:
        RecordingError: The snapshot does not fit the header.
    """
    shapes = {**header.parameters, **header.buffers}
    sizes = [math.prod(shape) for shape in shapes.values()]
    if not (member < len(snapshot.values) and snapshot.values.shape[1] == sum(sizes)):
        raise RecordingError(
            f"{header.run}: the weights at step {snapshot.step} do not fit the header: "
            f"{list(snapshot.values.shape)}, not {[header.members, sum(sizes)]}"
        )
    ends = np.cumsum([0, *sizes]).tolist()
    return {
        name: snapshot.values[member, start:stop].reshape(shape)
        for (name, shape), (start, stop) in zip(shapes.items(), pairwise(ends), strict=True)
    }


def scaling_of(header: Header) -> Scaling:
    """Return what takes a row's inputs to the network, and outputs back: the first member's.

    Raises:
        RecordingError: Its features are no expressions of its inputs.
    """
    from ..data.features import Features
    from ..data.scaling import Scaling

    features = None
    if texts := header.experiment.get("data", {}).get("features"):
        features = Features(tuple(texts), tuple(header.given_names))
        if wrong := next(features.problems(), ""):
            raise RecordingError(f"{header.run}: data.{wrong}")
    return Scaling.from_plain(header.scaling, features)


@dataclass(frozen=True, kw_only=True)
class RecordedLayer:
    """A layer as the recorded experiment has it, without the schema."""

    name: str
    """``layer1`` and so on."""
    activation: str
    kind: str = "dense"
    """``conv``, ``pool``, ``flatten`` or ``dense``."""
    size: int = 0
    """The side of the squares of a convolution or a pooling."""
    stride: int = 1
    padding: int = 0
    mode: str = "max"
    """What a pooling takes of a square: ``max`` or ``mean``."""
    takes: tuple[int, ...] = ()
    """The shape of a row of the data as the first layer takes it; empty for [features]."""

    @property
    def learns(self) -> bool:
        """Whether it has weights."""
        return self.kind in ("conv", "dense")


def layers_of(header: Header) -> list[RecordedLayer]:
    """Return the layers of a network, from the recorded experiment's tables alone.

    The schema would say the same, but costs more to import than a picture to draw.
    """
    model = header.experiment.get("model")
    if model is None:
        return []
    named = model.get("activation", "relu")
    output = model.get("output_activation", "identity")
    if listed := model.get("layers"):
        layers = [_listed(f"layer{at}", table, named) for at, table in enumerate(listed, 1)]
        last = RecordedLayer(name=f"layer{len(listed) + 1}", activation=output)
        return [replace(layers[0], takes=tuple(header.row_shape)), *layers[1:], last]
    hidden = model.get("hidden", [5])
    common = named if isinstance(named, list) else [named] * len(hidden)
    given = [layer.get("activation") if isinstance(layer, Mapping) else None for layer in hidden]
    after = [*(mine or name for mine, name in zip(given, common, strict=True)), output]
    return [RecordedLayer(name=f"layer{at}", activation=name) for at, name in enumerate(after, 1)]


def _listed(name: str, table: Mapping[str, Any], usual: str) -> RecordedLayer:
    kind = next(each for each in ("conv", "pool", "flatten", "dense") if table.get(each))
    size = table["pool"] if kind == "pool" else table.get("kernel", 3)
    return RecordedLayer(
        name=name,
        activation=(table.get("activation") or usual) if kind in ("conv", "dense") else "identity",
        kind=kind,
        size=size,
        stride=table.get("stride") or (size if kind == "pool" else 1),
        padding=table.get("padding", 0),
        mode=table.get("mode", "max"),
    )


def forward(
    layers: Sequence[RecordedLayer],
    weights: Mapping[str, NDArray[np.floating]],
    inputs: NDArray[np.floating],
) -> list[Array]:
    """Return every layer's outputs, [rows, units] each; the last are the network's.

    Args:
        layers: As ``layers_of`` gives them.
        weights: ``layer1.weight`` [out, in], ``layer1.bias`` [out] and so on.
        inputs: [rows, features].
    """
    return [outputs for _, outputs in layer_by_layer(layers, weights, inputs)]


def layer_by_layer(
    layers: Sequence[RecordedLayer],
    weights: Mapping[str, NDArray[np.floating]],
    inputs: NDArray[np.floating],
) -> Iterator[tuple[Array, Array]]:
    """Yield of every layer what goes into its activation and what comes out, [rows, units].

    Args:
        layers: As ``forward`` takes them.
        weights: So too.
        inputs: So too.

    Raises:
        RecordingError: A layer's weights are not there or are no such layer's, or this version has
            no such activation.
    """
    if not layers:
        raise RecordingError("there is no layer that could be computed")
    flowing, layer = np.asarray(inputs), layers[0]
    rows = len(flowing)
    try:
        flowing = flowing.reshape(rows, *layer.takes or flowing.shape[1:])
        for layer in layers:
            activation = ACTIVATIONS[layer.activation]
            # A network that has diverged is drawn like any other; its NaN and infinities are data.
            with np.errstate(all="ignore"):
                sums = _normalised(_sums(layer, weights, flowing), weights, f"{layer.name}.norm.")
                flowing = activation.numpy(sums)
            yield sums.reshape(rows, -1), flowing.reshape(rows, -1)
    except KeyError as error:
        raise RecordingError(f"{layer.name} cannot be computed: there is no {error}") from None
    except ValueError as error:
        raise RecordingError(f"{layer.name} cannot be computed: {error}") from None


def _sums(
    layer: RecordedLayer, weights: Mapping[str, NDArray[np.floating]], inputs: Array
) -> Array:
    """Return what comes out of a layer before normalisation and activation."""
    match layer.kind:
        case "flatten":
            return inputs.reshape(len(inputs), -1)
        case "pool":
            return _pooled(layer, inputs)
    weight, bias = weights[f"{layer.name}.weight"], weights[f"{layer.name}.bias"]
    if layer.kind == "dense":
        sums: Array = inputs @ weight.T + bias
        return sums
    # As many rows at a time as keep the squares within bounds: each number lies in as many of
    # them as see it.
    most = max(1, SQUARES // (math.prod(inputs.shape[1:]) * layer.size**2))
    parts = [inputs[start : start + most] for start in range(0, max(len(inputs), 1), most)]
    convolved: Array = np.concatenate([_convolved(layer, weight, part) for part in parts])
    return convolved + _wide(bias)


def _convolved(layer: RecordedLayer, weight: NDArray[Any], pictures: Array) -> Array:
    edge = (layer.padding, layer.padding)
    padded = np.pad(pictures, ((0, 0), (0, 0), edge, edge))
    # [rows, height, width, out]: every square against every filter is one matrix product.
    summed: Array = np.tensordot(_squares(layer, padded), weight, axes=((1, 4, 5), (1, 2, 3)))
    return summed.transpose(0, 3, 1, 2)


def _pooled(layer: RecordedLayer, pictures: Array) -> Array:
    squares = _squares(layer, pictures)
    pooled: Array = squares.max((4, 5)) if layer.mode == "max" else squares.mean((4, 5))
    return pooled


def _squares(layer: RecordedLayer, pictures: Array) -> Array:
    """Return the squares of pictures, as views: [rows, channels, height, width, side, side]."""
    sides = (layer.size, layer.size)
    every = np.lib.stride_tricks.sliding_window_view(pictures, sides, axis=(2, 3))
    apart: Array = every[:, :, :: layer.stride, :: layer.stride]
    return apart


def _wide(numbers: NDArray[Any]) -> Array:
    """Return a number a channel as it is added to pictures."""
    return numbers[:, None, None]


def _normalised(units: Array, weights: Mapping[str, NDArray[np.floating]], norm: str) -> Array:
    """Return a layer's units as its normalisation leaves them, where it has one.

    Batch normalisation is known by its running figures, which stand in for the batch's.
    """
    if f"{norm}weight" not in weights:
        return units
    if f"{norm}running_mean" in weights:
        mean, variance = weights[f"{norm}running_mean"], weights[f"{norm}running_var"]
    else:
        axes = tuple(range(1, units.ndim))
        mean, variance = units.mean(axes, keepdims=True), units.var(axes, keepdims=True)
    scale, shift = weights[f"{norm}weight"], weights[f"{norm}bias"]
    if units.ndim > 2:
        scale, shift = _wide(scale), _wide(shift)
        mean, variance = (each if each.ndim > 1 else _wide(each) for each in (mean, variance))
    normalised: Array = (units - mean) * (scale / np.sqrt(variance + np.float32(EPSILON))) + shift
    return normalised
