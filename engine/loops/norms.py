"""The norms of a loop's gradients, taken at each step.

On a CPU all gradients of a step cost one call of compiled C, which finds them itself where PyTorch
is one whose insides are known; where there is no compiler, and on a GPU, PyTorch's own. Both are
exact from 1e-30 to 1e30, and nothing waits for a GPU.
"""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..gradients.compiled.building import NoLibraryError, library_of
from ..gradients.leaned_on import TENSOR_CALLS, place_within, tensor_functions
from ..recording.unsaid import UNSAID
from ..step.measurements import PLAIN
from ..text.files import read_file
from .builtin import Builtin
from .parameters import WatchedParameters
from .shards import part_of

Norms = NDArray[np.float64]
"""Norms by row and parameter, [rows, parameters]; ``UNSAID`` where there was no gradient."""

ROWS: Final = 256
"""Steps of a block at most."""

_REALS: Final = {torch.float32: "float", torch.float64: "double"}
_MOST_BYTES: Final = 10_000


class FusedNorms:
    """Takes the norms of some tensors in one call of compiled C.

    Args:
        function: That call.
        tensors: How many numbers each has is as many as those here have.
    """

    def __init__(self, function: Callable[..., None], tensors: Sequence[Tensor]) -> None:
        self._function = function
        self._starts = (ctypes.c_void_p * len(tensors))()
        self._counts = np.array([each.numel() for each in tensors], np.int64)
        self._sizes = [each.nbytes for each in tensors]
        self._told = (len(tensors), ctypes.addressof(self._starts), self._counts.ctypes.data)

    def take(self, tensors: Sequence[Any], address: int) -> bool:
        """Write the norms of tensors to where an array of float64 [tensors] lies.

        Returns:
            Whether that was possible: nothing is written where one of them is missing, has become
            of another type or size, or does not lie in one piece in this process's memory.
        """
        try:
            # Asked at every step: a network may be moved, or turned into another type, after any.
            self._starts[:] = [
                each.data_ptr()
                for each, size in zip(tensors, self._sizes, strict=True)
                if each.is_contiguous() and each.is_cpu and each.nbytes == size
            ]
        except (AttributeError, ValueError, RuntimeError):
            return False
        self._function(*self._told, address)
        return True


class FoundParameters(ctypes.Structure):
    """Parameters, and how their gradients are found: see norms.h."""

    _fields_ = (
        *((name, ctypes.c_int64) for name in ("count", "objects", "within", "sizes", "starts")),
        *((name, ctypes.c_int32) for name in ("layout", "type", "device")),
        *((name, ctypes.c_void_p) for name in ("gradient", *TENSOR_CALLS)),
    )


class FusedGradients:
    """Takes the norms of the gradients of some parameters in one call of compiled C.

    Args:
        library: Has that call.
        real: What the parameters have, in C.
        tensors: The parameters; they are kept.
        found: How a gradient is found.
        within: Where in each object what it is of.
    """

    def __init__(
        self,
        library: ctypes.CDLL,
        real: str,
        tensors: Sequence[Tensor],
        found: Mapping[str, int],
        within: int,
    ) -> None:
        self._kept = [*tensors]
        self._objects = np.array([id(each) for each in tensors], np.int64)
        self._starts = np.zeros(len(tensors), np.int64)
        self._sizes = np.array([each.numel() for each in tensors], np.int64)
        places = (each.ctypes.data for each in (self._objects, self._sizes, self._starts))
        objects, sizes, starts = places
        self._all = FoundParameters(
            count=len(tensors),
            objects=objects,
            within=within,
            sizes=sizes,
            starts=starts,
            **found,
        )
        lies = ctypes.addressof(self._all)
        self.take: Final = Builtin(library, f"called_gradients_{real}", lies).call
        """Write the norms to where an array of float64 [tensors] lies, given by its address,
        UNSAID of what has no gradient; 0, and nothing is written, where one is not as usual."""


class GradientNorms:
    """The norms of the gradients of one block's steps.

    Args:
        watched: Whose gradients.
    """

    def __init__(self, watched: WatchedParameters) -> None:
        self._tensors: Final = watched.tensors
        count = len(self._tensors)
        self._table = np.full((ROWS, count), UNSAID)
        """[rows, parameters], of what needs no fetching."""
        self._apart: dict[int, dict[int, Tensor]] = {}
        """By row and parameter, norms that are still on their device."""
        self.look()
        self._rows = [self._table[row : row + 1].ctypes.data for row in range(ROWS)]

    def look(self) -> None:
        """Look at which parameters there are: others may have taken their place."""
        self._found, self._fused = fused_gradients(self._tensors), fused(self._tensors)

    @property
    def keeps(self) -> bool:
        """Whether each parameter is kept here once more than in the list it is given."""
        return self._found is not None

    def take(
        self, row: int, places: Sequence[int] | None = None, scale: Tensor | None = None
    ) -> None:
        """Take the norms of the gradients that are there now as those of a row.

        Args:
            row: Which.
            places: Of which parameters; of all where left out.
            scale: What they are multiplied by, [], where mixed precision leaves that to the step.
        """
        if places is None and scale is None and self.took(row):
            return
        if row not in self._apart:
            self._apart[row] = {}
            self._table[row] = UNSAID
        places = range(len(self._tensors)) if places is None else places
        pairs = [(place, self._tensors[place].grad) for place in places]
        there = [(place, each) for place, each in pairs if each is not None]
        if there:
            norms = norms_of([each for _, each in there])
            norms = norms if scale is None else norms / scale.to(norms)
            self._apart[row].update(zip([place for place, _ in there], norms, strict=True))

    def took(self, row: int) -> bool:
        """Take the norms of all gradients that are there now as those of a row, in one call, if all
        are as they usually are; return whether they were.
        """
        if self._found is not None:
            return bool(self._found.take(self._rows[row]))
        if self._fused is None:
            return False
        return self._fused.take([each.grad for each in self._tensors], self._rows[row])

    def leave_out(self, row: int) -> None:
        """Forget what was taken early of a row, whose gradients are to be others."""
        self._apart.pop(row, None)

    def rows(self, count: int) -> Norms:
        """Return the norms of the first rows."""
        norms = self._table[:count].copy()
        apart = [
            (row, place, norm)
            for row, of in self._apart.items()
            # A row that was opened, and whose step was not taken, is none.
            if row < count
            for place, norm in of.items()
        ]
        if apart:
            rows, places, tensors = zip(*apart, strict=True)
            norms[[*rows], [*places]] = torch.stack(tensors).cpu().numpy()
        self._apart.clear()
        return norms


def fused(tensors: Sequence[Tensor]) -> FusedNorms | None:
    """Return what takes all norms of tensors like these in a call, where there is such a thing."""
    if not (name := _real_of(tensors)) or (library := norms_library()) is None:
        return None
    function = getattr(library, f"norms_{name}")
    function.argtypes = [ctypes.c_int64, *[ctypes.c_void_p] * 3]
    function.restype = None
    return FusedNorms(function, tensors)


def fused_gradients(parameters: Sequence[Tensor]) -> FusedGradients | None:
    """Return what takes the norms of the gradients of parameters in a call that finds these too,
    where there is such a thing.
    """
    name = _real_of(parameters)
    return _finding(name, parameters) if name and _finds(name) else None


@functools.cache
def _finds(real: str) -> bool:
    """Whether gradients are found, of one whose norm is known."""
    kinds = {name: kind for kind, name in _REALS.items()}
    # Whoever begins to watch may compute without gradients just now.
    with torch.inference_mode(False):
        gradient = torch.tensor([3.0, 4.0], dtype=kinds[real], device="cpu")
        trial = torch.zeros_like(gradient, requires_grad=True)
        trial.grad = gradient
    norm = ctypes.c_double()
    finding = _finding(real, [trial])
    return bool(finding and finding.take(ctypes.addressof(norm)) and norm.value == 5)


def _finding(real: str, parameters: Sequence[Tensor]) -> FusedGradients | None:
    library, found = norms_library(), tensor_functions(real)
    within, *others = {place_within(each) for each in parameters}
    if library is None or found is None or within is None or others:
        return None
    # Python stays locked meanwhile, so that nobody lets go of a gradient.
    return FusedGradients(library, real, parameters, found, within)


def _real_of(tensors: Sequence[Tensor]) -> str:
    """Return what all tensors have, in C; "" where they are not all ordinary ones on a CPU."""
    kinds = {(each.dtype, each.device.type, each.layout, type(each.data)) for each in tensors}
    names = (
        name for real, name in _REALS.items() if kinds == {(real, "cpu", torch.strided, Tensor)}
    )
    return next(names, "")


def norms_library() -> ctypes.CDLL | None:
    """Return the library of compiled C; None where there is none."""
    try:
        text = read_file(Path(__file__).with_name("norms.h"), _MOST_BYTES).decode()
        return library_of(text, "norms")
    except (NoLibraryError, OSError):
        return None


@torch.no_grad()
def norms_of(gradients: Sequence[Tensor]) -> Tensor:
    """Return the norms of gradients of any kind in float64, [gradients], on their device.

    Of what lies in several processes, the norm of the part that is here; of none, none.

    Summed as they are, which is several times as fast as in float64; done again in float64 where a
    square may have left its range. On a GPU that costs nothing, and asking would wait for it.
    """
    dense = [_dense(each) for each in gradients]
    if not dense:
        return torch.zeros(0, dtype=torch.float64, device="cpu")
    if dense[0].is_cuda:
        return torch.stack(torch._foreach_norm(dense, 2, torch.float64))
    norms = torch.stack(torch._foreach_norm(dense)).double()
    least, most = PLAIN
    # Asked the other way round, a NaN would not be doubtful: no comparison with it holds.
    for place in (~((norms > least) & (norms < most))).nonzero().flatten().tolist():
        norms[place] = torch.linalg.vector_norm(dense[place], dtype=torch.float64)
    return norms


def _dense(gradient: Tensor) -> Tensor:
    """Return the numbers of a gradient as an ordinary tensor of real numbers."""
    whole = part_of(gradient)
    values: Tensor = whole
    if whole.layout is not torch.strided:
        # Rows that came twice are added up first, as an optimizer does.
        values = whole.coalesce().values() if whole.is_sparse else whole.values()
    values = torch.view_as_real(values) if values.is_complex() else values
    # Squares of half precision leave its range at 256.
    return values.float() if values.dtype in (torch.float16, torch.bfloat16) else values
