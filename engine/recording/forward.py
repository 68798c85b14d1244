"""The network's outputs, computed from recorded weights by numpy alone.

A viewer draws any picture of any recorded step with this, at its own size and without PyTorch.
It knows no training, no file and no screen.

    header, snapshot ── unpack ──► weights by name ── forward ──► the outputs of every layer
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from ..components.activations import ACTIVATIONS
from ..errors import RecordingError
from .events import Header, Snapshot

if TYPE_CHECKING:
    from ..data import Scaling

Array = NDArray[np.float32]

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


def activations_of(header: Header) -> list[str]:
    """Return the activation after each layer, from the recorded experiment's tables alone.

    The schema would say the same, but costs more to import than a picture to draw.
    """
    model = header.experiment.get("model")
    if model is None:
        return []
    hidden = model.get("hidden", [5])
    named = model.get("activation", "relu")
    common = named if isinstance(named, list) else [named] * len(hidden)
    given = [layer.get("activation") if isinstance(layer, Mapping) else None for layer in hidden]
    after = [mine or name for mine, name in zip(given, common, strict=True)]
    return [*after, model.get("output_activation", "identity")]


def forward(
    activations: Sequence[str],
    weights: Mapping[str, NDArray[np.floating]],
    inputs: NDArray[np.floating],
) -> list[Array]:
    """Return every layer's outputs, [rows, units] each; the last are the network's.

    Args:
        activations: The activation after each layer, the output layer's last.
        weights: ``layer1.weight`` [out, in], ``layer1.bias`` [out] and so on.
        inputs: [rows, features].
    """
    return [outputs for _, outputs in layer_by_layer(activations, weights, inputs)]


def layer_by_layer(
    activations: Sequence[str],
    weights: Mapping[str, NDArray[np.floating]],
    inputs: NDArray[np.floating],
) -> Iterator[tuple[Array, Array]]:
    """Yield of every layer what goes into its activation and what comes out, [rows, units].

    Args:
        activations: As ``forward`` takes them.
        weights: So too.
        inputs: So too.

    Raises:
        RecordingError: A layer's weights are not there, or this version has no such activation.
    """
    if not activations:
        raise RecordingError("there is no layer that could be computed")
    flowing = np.asarray(inputs)
    for index, name in enumerate(activations, start=1):
        try:
            weight, bias = weights[f"layer{index}.weight"], weights[f"layer{index}.bias"]
            activation = ACTIVATIONS[name]
        except KeyError as error:
            raise RecordingError(f"layer {index} cannot be computed: there is no {error}") from None
        # A network that has diverged is drawn like any other; its NaN and infinities are data.
        with np.errstate(all="ignore"):
            sums = _normalised(flowing @ weight.T + bias, weights, f"layer{index}.norm.")
            flowing = activation.numpy(sums)
        yield sums, flowing


def _normalised(units: Array, weights: Mapping[str, NDArray[np.floating]], norm: str) -> Array:
    """Return a layer's units as its normalisation leaves them, where it has one.

    Batch normalisation is known by its running figures, which stand in for the batch's.
    """
    if f"{norm}weight" not in weights:
        return units
    if f"{norm}running_mean" in weights:
        mean, variance = weights[f"{norm}running_mean"], weights[f"{norm}running_var"]
    else:
        mean, variance = units.mean(1, keepdims=True), units.var(1, keepdims=True)
    scale = weights[f"{norm}weight"] / np.sqrt(variance + np.float32(EPSILON))
    normalised: Array = (units - mean) * scale + weights[f"{norm}bias"]
    return normalised
