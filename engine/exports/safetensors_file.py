"""Safetensors: the weights and the preprocessing as arrays, with words for each of them.

In the file's metadata ``epochal`` is a JSON object: what the columns are, the layers in their
order, what the network answers, and what every array is. Nothing in such a file can be run.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from ..results.run import LoadedRun
from .answers import about, answer_of
from .export import Export, ExportFile

Documented = dict[str, tuple[str, NDArray[Any]]]
"""Arrays by name, each with what it is."""


def files(export: Export) -> Iterator[ExportFile]:
    """Yield the one file."""
    run = export.run
    yield ExportFile(export.path, partial(_write, run))


def _write(run: LoadedRun, file: BinaryIO) -> None:
    from safetensors.numpy import save

    arrays = {**_preprocessing(run), **_weights(run)}
    told = {
        **about(run),
        "outputs": answer_of(run.header).words_of_outputs,
        "layers": _layers(run),
        "arrays": {name: words for name, (words, _) in arrays.items()},
    }
    plainly = {name: np.ascontiguousarray(array) for name, (_, array) in arrays.items()}
    file.write(save(plainly, {"epochal": json.dumps(told)}))


def _preprocessing(run: LoadedRun) -> Documented:
    made, targets = run.preprocessing, run.scaling.targets
    fills = np.array([np.nan if each.fill is None else each.fill for each in made.columns])
    features = made.given_names if made.computed is None else made.computed.texts
    # What scales nothing is a single number.
    shift, scale, _ = np.broadcast_arrays(made.scaling.shift, made.scaling.scale, [*features])
    arrays: Documented = {
        "columns.fill": ("[columns]: the code that stands for a missing value, or NaN", fills),
        "input.shift": ("[features]: what is taken from each feature", shift),
        "input.scale": ("[features]: what it is divided by then", scale),
    }
    if targets is not None and not targets.changes_nothing:
        arrays["target.scale"] = ("[outputs]: what an output is multiplied by", targets.scale)
        arrays["target.shift"] = ("[outputs]: what is added to it then", targets.shift)
    return arrays


def _weights(run: LoadedRun) -> Documented:
    """Return parameters and buffers under the names of the recording."""
    return {
        name: (f"{[*value.shape]}: a parameter or a running figure", value)
        for name, value in run.weights.items()
    }


def _layers(run: LoadedRun) -> list[dict[str, Any]]:
    """Return the modules in their order: classes of ``torch.nn`` and what they are made with."""
    return [
        {
            "name": each.name,
            "module": each.module,
            "arguments": [*each.arguments],
            "keywords": dict(each.keywords),
            "arrays": each.recorded,
        }
        for each in run.layers
    ]
