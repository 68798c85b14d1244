"""What a script has gradients computed of, and whether its own lines move that.

Where no optimizer is there at a backward pass, nothing tells what is trained but that it moves
until the next one.
"""

from __future__ import annotations

import contextlib
import weakref
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import torch
from torch import Tensor

SEEN: Final = 1000
"""Numbers of a tensor by which it is seen whether it has moved."""

MOST: Final = 1_000_000
"""Numbers at most whose first gradients are kept until it is known that something moves them."""

PASSES: Final = 100
"""Backward passes in which a script that has no optimizer may begin to move what they are of."""


@dataclass
class _Leaf:
    """A tensor that gradients are left in."""

    tensor: weakref.ref[Tensor]
    some: Tensor
    """Some of its numbers as they were."""
    gradient: Tensor | None = None
    """The first that was left in it, if that is kept."""

    def moved(self) -> Tensor | None:
        """Return it, if somebody has it still and it is not what it was."""
        there = self.tensor()
        return None if there is None or torch.equal(_some(there), self.some) else there


class Moved:
    """What a script has gradients computed of, and whether it moves that itself."""

    def __init__(self) -> None:
        self._leaves: dict[int, _Leaf] = {}
        """By identity."""
        self._passes = 0

    def add(self, tensors: Sequence[Tensor]) -> None:
        """Know what a backward pass is going to leave gradients in."""
        self._passes += 1
        if self._passes > PASSES:
            self._leaves.clear()
            return
        self._leaves = {
            key: each for key, each in self._leaves.items() if each.tensor() is not None
        }
        for each in _leaves(tensors):
            if id(each) not in self._leaves and _is_here(each):
                self._leaves[id(each)] = _Leaf(weakref.ref(each), _some(each).clone())

    def done(self) -> None:
        """Keep the gradients that the pass has left, if they are few and the first."""
        leaves = [(each, each.tensor()) for each in self._leaves.values()]
        there = [(each, tensor) for each, tensor in leaves if tensor is not None]
        if sum(tensor.numel() for _, tensor in there) <= MOST:
            for each, tensor in there:
                if each.gradient is None and tensor.grad is not None:
                    each.gradient = tensor.grad.detach().clone()

    def moved(self) -> list[Tensor]:
        """Return what of it is not what it was."""
        there = (each.moved() for each in self._leaves.values())
        return [each for each in there if each is not None]

    @contextlib.contextmanager
    def first_gradients(self) -> Iterator[bool]:
        """Have the first gradients be there again; whether they were kept."""
        leaves = ((each.tensor(), each.gradient) for each in self._leaves.values())
        kept = [(each, first) for each, first in leaves if each is not None and first is not None]
        now = [each.grad for each, _ in kept]
        for each, first in kept:
            each.grad = first
        try:
            yield bool(kept)
        finally:
            for (each, _), gradient in zip(kept, now, strict=True):
                each.grad = gradient

    def clear(self) -> None:
        """Know of nothing any more."""
        self._leaves.clear()


def _is_here(tensor: Tensor) -> bool:
    """Whether a tensor's numbers are all in this process, one behind another."""
    is_plain = tensor.layout is torch.strided and not (tensor.is_meta or tensor.is_nested)
    return is_plain and not hasattr(tensor, "to_local")


def _some(tensor: Tensor) -> Tensor:
    """Return some of a tensor's numbers, or all that it has."""
    return tensor.detach().flatten()[:SEEN]


def _leaves(tensors: Sequence[Tensor]) -> Iterator[Tensor]:
    """Yield what a backward pass from these leaves gradients in, what was used first before."""
    found, known = list[Tensor](), set[Any]()
    waiting = deque(each.grad_fn for each in tensors)
    while waiting:
        node = waiting.popleft()
        if node is None or node in known:
            continue
        known.add(node)
        if isinstance(leaf := getattr(node, "variable", None), Tensor):
            found.append(leaf)
        waiting += [each for each, _ in node.next_functions]
    yield from reversed(found)
