"""What a script has gradients computed of, and whether its own lines move that.

Where no optimizer is there at a backward pass, nothing tells what is trained but that it moves
until the next one.
"""

from __future__ import annotations

import contextlib
import math
import weakref
from collections import deque
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import torch
from torch import Tensor, nn

SEEN: Final = 1000
"""Numbers of a tensor by which it is seen whether it has moved."""

MOST: Final = 1_000_000
"""Numbers at most whose gradients are kept until it is known that something moves them."""

PASSES: Final = 100
"""Backward passes in which a script that has no optimizer may begin to move what they are of."""


@dataclass
class _Leaf:
    """A tensor that gradients are left in."""

    tensor: weakref.ref[Tensor]
    some: Tensor
    """Some of its numbers as they were."""
    steepest: int = 0
    """Where its gradient was greatest, and what moves by it has moved most."""
    gradient: Tensor | None = None
    """What the last pass has left in it, if that is kept."""
    mark: tuple[int, int] | None = None
    """Which that was: it may be cleared since."""
    is_flat: bool = False
    """Whether that was nothing but zeros, which move nothing yet."""

    @property
    def there(self) -> Tensor | None:
        """It, if somebody has it still."""
        return self.tensor()

    def look(self, there: Tensor, *, is_kept: bool) -> None:
        """See what a pass has left in it, if anything is, and keep that if it is to be kept."""
        # Once: another thread may clear it meanwhile.
        gradient = there.grad
        if gradient is None:
            return
        self.mark = id(gradient), gradient._version
        self.steepest = steepest(there)
        self.is_flat = not gradient.is_sparse and not gradient.any()
        self.some = some_of(there, self.steepest)
        self.gradient = gradient.detach().clone() if is_kept else None

    def has_moved(self) -> bool:
        """Whether it is not what it was."""
        there = self.there
        return there is not None and not are_same(some_of(there, self.steepest), self.some)


class Moved:
    """What a script has gradients computed of, and whether it moves that itself."""

    def __init__(self) -> None:
        self._leaves: dict[int, _Leaf] = {}
        """By identity; gone through as it was, for several threads may train."""
        self._passes = 0

    def add(self, tensors: Sequence[Tensor], known: Collection[int] = ()) -> bool:
        """Know what a backward pass is going to leave gradients in; return whether what was left
        before is cleared, as before a loop that begins with that.

        Args:
            tensors: What it is called on.
            known: What is in a run already, by identity.
        """
        self._passes += bool(self._leaves) or not known
        if self._passes > PASSES:
            self._leaves.clear()
            return False
        there = ((key, each, each.there) for key, each in [*self._leaves.items()])
        alive = [(key, each, tensor) for key, each, tensor in there if tensor is not None]
        marks = [(each.mark, mark_of(tensor)) for _, each, tensor in alive if each.mark is not None]
        self._leaves = {key: each for key, each, _ in alive}
        for each in leaves_of(tensors):
            if id(each) not in self._leaves and id(each) not in known and is_here(each):
                self._leaves[id(each)] = _Leaf(weakref.ref(each), some_of(each))
        return bool(marks) and all(was != now for was, now in marks)

    def done(self) -> None:
        """See what the pass has left, and keep that if it is little."""
        leaves = [(each, each.there) for each in [*self._leaves.values()]]
        there = [(each, tensor) for each, tensor in leaves if tensor is not None]
        is_kept = sum(tensor.numel() for _, tensor in there) <= MOST
        for each, tensor in there:
            each.look(tensor, is_kept=is_kept)

    def trained(self, tensors: Sequence[Tensor], known: Collection[int] = ()) -> list[Tensor]:
        """Return what the script trains, if anything of it is not what it was: that, what is moved
        by nothing yet, and the parameters of modules that it comes to only now.

        Args:
            tensors: What the next pass is called on.
            known: What is in a run already, by identity.
        """
        if not any(each.has_moved() for each in [*self._leaves.values()]):
            return []
        leaves = [each for each in [*self._leaves.values()] if each.is_flat or each.has_moved()]
        there = [tensor for each in leaves if (tensor := each.there) is not None]
        known = {*known, *self._leaves}
        others = (each for each in leaves_of(tensors) if id(each) not in known)
        return [*there, *(each for each in others if isinstance(each, nn.Parameter))]

    @contextlib.contextmanager
    def last_gradients(self) -> Iterator[bool]:
        """Have the gradients be there again by which it was moved; whether they were kept."""
        leaves = ((each.there, each.gradient) for each in [*self._leaves.values()])
        kept = [(each, last) for each, last in leaves if each is not None and last is not None]
        now = [each.grad for each, _ in kept]
        for each, last in kept:
            each.grad = last
        try:
            yield bool(kept)
        finally:
            for (each, _), gradient in zip(kept, now, strict=True):
                each.grad = gradient

    def clear(self) -> None:
        """Know of nothing any more."""
        self._leaves.clear()


def mark_of(tensor: Tensor) -> tuple[int, int] | None:
    """Return which gradient a tensor has, and how often that was changed; None where it has none.

    The gradient itself is not kept by it.
    """
    gradient = tensor.grad
    return None if gradient is None else (id(gradient), gradient._version)


def steepest(tensor: Tensor) -> int:
    """Return where a tensor's gradient is greatest, among its numbers one behind another."""
    gradient = tensor.grad
    if gradient is None or not gradient.numel():
        return 0
    if gradient.is_sparse:
        # Of a table some rows: the first of them will do.
        rows = gradient.detach().coalesce().indices()[0]
        return int(rows[0]) * math.prod(gradient.shape[1:]) if rows.numel() else 0
    return int(gradient.detach().abs().argmax()) if gradient.layout is torch.strided else 0


def is_here(tensor: Tensor) -> bool:
    """Whether a tensor's numbers are all in this process, one behind another."""
    is_plain = tensor.layout is torch.strided and not (tensor.is_meta or tensor.is_nested)
    return is_plain and not hasattr(tensor, "to_local")


def some_of(tensor: Tensor, place: int = 0) -> Tensor:
    """Return a copy of some of a tensor's numbers, or of all that it has.

    Args:
        tensor: Which.
        place: Where another lies that is to be among them.
    """
    numbers = tensor.detach().flatten()
    return torch.cat([numbers[:SEEN], numbers[place : place + 1]])


def are_same(one: Tensor, other: Tensor) -> bool:
    """Whether numbers are the same to the bit, those that are none as well."""
    if one.dtype != other.dtype or one.device != other.device or one.shape != other.shape:
        return False
    return torch.equal(one.view(torch.uint8), other.view(torch.uint8))


def leaves_of(tensors: Sequence[Tensor]) -> Iterator[Tensor]:
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
