"""The number of a tensor that has a single one, such as a loss, read where it lies.

To ask PyTorch for it goes through all that an operation goes through, which once in a step of
milliseconds costs three times as long.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ..gradients.leaned_on import place_within, tensor_functions
from .builtin import Builtin, kept
from .norms import FoundParameters, norms_library


@functools.cache
def single_reader() -> Callable[[Tensor], Any]:
    """Return what reads the number of an ordinary tensor, which no other is a view of as its
    negative; a whole 0 of one that has to be asked in another way.
    """
    return _builtin() or _plain


def _plain(tensor: Tensor) -> Any:
    return tensor.item() if tensor.is_cpu and tensor.numel() == 1 else 0


def _builtin() -> Callable[[Tensor], Any] | None:
    library, found = norms_library(), tensor_functions("float")
    # Whoever begins to watch may compute without gradients just now, or anywhere.
    with torch.inference_mode(False):
        trial = torch.tensor([2.5, 3.0], dtype=torch.float32, device="cpu")
    within = place_within(trial)
    if library is None or found is None or within is None:
        return None
    told = kept(FoundParameters(count=0, within=within, **found))
    reader = Builtin(library, "called_number", told)
    is_right = reader.call(trial[:1]) == 2.5 and reader.call(trial) == 0
    return reader.call if is_right else None
