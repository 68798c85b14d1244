"""A recorded network made again, with weights that were kept: of its layers, or by its own file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ..errors import CodeError
from .layers import ModuleSpec
from .own_module import OwnNetwork

if TYPE_CHECKING:
    from ..experiment.experiment import Experiment
    from ..recording.events import Header
    from ..recording.kept_weights import Weights


def recorded_module(
    header: Header, experiment: Experiment, weights: Weights, *, allow_code: bool
) -> OwnNetwork:
    """Return the network of a run, as it is measured.

    Args:
        header: The run's.
        experiment: What was recorded of it.
        weights: Parameters and buffers by name.
        allow_code: Whether its file may be run.

    Raises:
        CodeError: It may not, or the network is no longer what it was.
    """
    network = OwnNetwork(experiment, header.seeds[0], allow_code=allow_code)
    named = {name: torch.tensor(np.array(value)) for name, value in weights.items()}
    try:
        # Buffers that count are not recorded; nothing is computed from them.
        network.module.load_state_dict(named, strict=False)
    except RuntimeError as error:
        raise CodeError(f"{header.run}: its file has changed: {error}") from None
    network.module.eval()
    return network


def recorded_layers(
    layers: Sequence[ModuleSpec], weights: Weights, *, is_double: bool
) -> nn.Sequential:
    """Return the network of a run as PyTorch's modules in a row, as it is measured.

    Args:
        layers: The modules.
        weights: Parameters and buffers by name.
        is_double: Whether it was trained in float64.
    """
    network = nn.Sequential()
    for stage in layers:
        made = getattr(nn, stage.module)(*stage.arguments, **stage.keywords)
        named = ((name.rpartition("."), value) for name, value in weights.items())
        of_stage = {key: value for (of, _, key), value in named if of == stage.recorded}
        state = {key: torch.tensor(np.array(value)) for key, value in of_stage.items()}
        # Batch normalisation also counts its batches; nothing is computed from that.
        made.load_state_dict({**made.state_dict(), **state})
        network.add_module(stage.name, made)
    return network.to(torch.float64 if is_double else torch.float32).eval()


def said_by(network: OwnNetwork, rows: NDArray[Any]) -> NDArray[Any]:
    """Return what a network says of rows as it takes them: [rows, outputs]."""
    inputs = torch.from_numpy(rows)
    network.module.to(inputs.dtype)
    with torch.no_grad():
        said: NDArray[Any] = network(inputs[None])[0].numpy()
    return said
