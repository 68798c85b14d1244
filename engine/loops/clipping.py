"""Gradients before they are clipped, and steps that mixed precision leaves out.

PyTorch tells nobody that gradients are about to be clipped. While a loop is watched its functions
for that are stood in for, wherever a module holds them by name, and put back at the end.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Final

import torch
from torch import Tensor

_FUNCTIONS: Final = ("clip_grad_norm_", "clip_grad_value_", "clip_grads_with_norm_")


class Listening:
    """Stands in for what clips gradients, and for the step of mixed precision.

    Args:
        before_clipping: Is told the parameters whose gradients are about to be clipped.
        through_scaler: Is given an optimizer and what steps it, unless a scaler leaves that out.
    """

    def __init__(
        self,
        before_clipping: Callable[[Iterable[Tensor]], None],
        through_scaler: Callable[[Any, Callable[[], Any]], Any],
    ) -> None:
        self._put_back: list[tuple[Any, str, Any]] = []
        for name in _FUNCTIONS:
            original = getattr(torch.nn.utils, name, None)
            if original is not None:
                self._stand_in(original, _announced(original, before_clipping))
        scaler = torch.amp.GradScaler
        step = scaler.step

        @functools.wraps(step)
        def stepped(self: Any, optimizer: Any, *args: Any, **kwargs: Any) -> Any:
            return through_scaler(optimizer, partial(step, self, optimizer, *args, **kwargs))

        self._replace(scaler, "step", stepped)

    def close(self) -> None:
        """Put everything back that still stands as it was put."""
        for owner, name, original in reversed(self._put_back):
            setattr(owner, name, original)
        self._put_back.clear()

    def _stand_in(self, original: Any, stand_in: Any) -> None:
        """Put a function in the place of another wherever a module holds that by a name."""
        for module in [*sys.modules.values()]:
            held, name = getattr(module, "__dict__", None), original.__name__
            if isinstance(held, dict) and held.get(name) is original:
                self._replace(module, name, stand_in)

    def _replace(self, owner: Any, name: str, value: Any) -> None:
        self._put_back.append((owner, name, getattr(owner, name)))
        setattr(owner, name, value)


def _announced(original: Any, announce: Callable[[Iterable[Tensor]], None]) -> Any:
    @functools.wraps(original)
    def clip(parameters: Any, *args: Any, **kwargs: Any) -> Any:
        if not isinstance(parameters, Tensor):
            parameters = list(parameters)
        announce([parameters] if isinstance(parameters, Tensor) else parameters)
        return original(parameters, *args, **kwargs)

    return clip
