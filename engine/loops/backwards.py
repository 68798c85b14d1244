"""Who hears of backward passes: what each is called on, and that it is done.

PyTorch tells nobody of them. While anybody hears, its function for all of them is stood in for.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, Final

import torch
from torch import Tensor
from torch.compiler import disable

from ..gradients.leaned_on import was_anything_compiled


class Backwards:
    """Hears of backward passes, until it is removed.

    A pass within another, as where activations are computed again, is a part of that.

    Args:
        before: Is given the tensors that a pass is called on.
        after: Is called once it is done; where an error ends it, it never is.
    """

    def __init__(
        self, before: Callable[[Sequence[Tensor]], None], after: Callable[[], None]
    ) -> None:
        self.before, self.after = before, after
        with _LOCK:
            if not _STANDING_IN:
                original = torch.autograd.backward
                _STANDING_IN.append((original, stand_in := _announcing(original)))
                torch.autograd.backward = stand_in
            _LISTENING.add(self)

    def remove(self) -> None:
        """Hear no more."""
        with _LOCK:
            _LISTENING.discard(self)
            if not _LISTENING and _STANDING_IN:
                original, stand_in = _STANDING_IN.pop()
                if torch.autograd.backward is stand_in:
                    torch.autograd.backward = original


class _Here(threading.local):
    def __init__(self) -> None:
        self.is_within = False
        _THREADS.add(threading.get_ident())


_LOCK: Final = threading.Lock()
_LISTENING: Final = weakref.WeakSet[Backwards]()
_STANDING_IN: Final[list[tuple[Any, Any]]] = []
"""PyTorch's function, and what stands in for it."""
_THREADS: Final[set[int]] = set()
"""Those that have gradients computed, or ask whether they do."""
_HERE: Final = _Here()


def is_within_backward() -> bool:
    """Whether this thread is within a backward pass that somebody hears of."""
    return _HERE.is_within


def are_several_threads() -> bool:
    """Whether there may be backward passes in more than one thread."""
    return len(_THREADS) > 1


def _announcing(original: Any) -> Any:
    @wraps(original)
    def backward(tensors: Any, *args: Any, **kwargs: Any) -> Any:
        if _HERE.is_within:
            return original(tensors, *args, **kwargs)
        tensors = tensors if isinstance(tensors, Tensor) else [*tensors]
        # What calls it may be compiled, and our lines would be compiled with it.
        apart: Any = disable if was_anything_compiled() else _as_it_is
        for each in [*_LISTENING]:
            apart(each.before)([tensors] if isinstance(tensors, Tensor) else tensors)
        _HERE.is_within = True
        try:
            result = original(tensors, *args, **kwargs)
        finally:
            _HERE.is_within = False
        # Whoever began to hear before it hears of its end.
        for each in [*_LISTENING]:
            apart(each.after)()
        return result

    return backward


def _as_it_is(hear: Any) -> Any:
    return hear
