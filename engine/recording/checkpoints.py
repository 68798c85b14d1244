"""A checkpoint: all that is needed to go on from a step, in a file that is nothing but data.

    {"step": 120, "weights": {"layer1.weight": [members, out, in]}, "method": {…}, …}
       └► one safetensors file: arrays by their path, such as ``weights/layer1.weight``, and
          what is no array as JSON under ``epochal`` in its metadata

Nothing in it can be run, any program that knows safetensors reads it, and arrays have the names
and shapes of parameters, not the places that a way of computing gives them in memory. What was
written is what is read, by its SHA-256: a run that went on from a number which a disk has changed
would come to other bits, and nobody would know why.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..errors import RunError
from ..text.files import open_file, replace_file
from ..text.parsing import from_json
from .events import Checkpoint

State = Mapping[str, Any]
"""Arrays and plain values by name, also in tables of their own: what a part of training needs to
go on."""

SUFFIX: Final = ".safetensors"

CONTENTS_BYTES: Final = 16_000_000
"""Bytes of what a checkpoint says of its arrays, and of what is no array: a network of a thousand
layers takes a tenth of that."""

_PLAIN: Final = "epochal"
"""Under which name the file's metadata has what is no array."""
_DIGEST: Final = "sha256"
"""Under which name it has the hash of everything."""

Arrays = dict[str, NDArray[Any]]


def file_of(folder: Path, checkpoint: Checkpoint) -> Path | None:
    """Return a checkpoint's file, where it is there; wherever a recording says, it is the run's.

    Args:
        folder: The run's.
        checkpoint: What the recording says of it.
    """
    with contextlib.suppress(OSError, ValueError):
        path = folder / "checkpoints" / Path(checkpoint.file).name
        if path.is_file():
            return path
    return None


def write(path: Path, state: State) -> None:
    """Write a checkpoint; a file of that name is whole at every moment.

    Args:
        path: The file.
        state: Tables of arrays, and of what JSON can say.

    Raises:
        OSError: It cannot be written.
    """
    from safetensors.numpy import save

    arrays, plain = Arrays(), dict[str, Any]()
    for place, value in _leaves(state):
        if isinstance(value, str | int | float | list | Mapping | None):
            table = plain
            for name in place[:-1]:
                table = table.setdefault(name, {})
            table[place[-1]] = value
        else:
            arrays["/".join(place)] = np.ascontiguousarray(value)
    text = json.dumps(plain)
    replace_file(path, save(arrays, {_PLAIN: text, _DIGEST: digest_of(arrays, text)}))


def digest_of(arrays: Arrays, plain: str) -> str:
    """Return the SHA-256 of what a checkpoint holds.

    Args:
        arrays: By their paths.
        plain: What is no array, as it is written.
    """
    digest = hashlib.sha256(plain.encode())
    for key, array in sorted(arrays.items()):
        digest.update(f"{key} {array.dtype} {array.shape}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def read(path: Path) -> State:
    """Return what a checkpoint holds.

    Raises:
        RunError: It is none that can be read.
    """
    from safetensors import SafetensorError, safe_open

    try:
        _check_beginning(path)
        with safe_open(path, framework="numpy") as file:
            said = file.metadata() or {}
            arrays = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (no mapping)
        if said[_DIGEST] != digest_of(arrays, said[_PLAIN]):
            raise ValueError("it is damaged")
        state: dict[str, Any] = from_json(said[_PLAIN])
        for key, array in arrays.items():
            *tables, name = key.split("/")
            table = state
            for each in tables:
                table = table.setdefault(each, {})
            table[name] = array
    except (OSError, ValueError, KeyError, TypeError, AttributeError, SafetensorError) as error:
        raise RunError(f"{path}: is no checkpoint that can be read: {error}") from None
    return state


def _check_beginning(path: Path) -> None:
    """Hold the length of a checkpoint's table of contents against what may be parsed.

    Raises:
        OSError: It cannot be read.
        ValueError: The table is none, or too long.
    """
    with open_file(path) as file:
        length = int.from_bytes(file.read(8), "little")
        begun = file.read(1) == b"{"
    if not begun or length > CONTENTS_BYTES:
        raise ValueError(f"it has no table of contents of at most {CONTENTS_BYTES} bytes")


def _leaves(state: State, place: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield every value that is no table, or an empty one, and where it stands."""
    for name, value in state.items():
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, (*place, name))
        else:
            yield (*place, name), value
