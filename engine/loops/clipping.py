"""What a loop does that PyTorch tells nobody: gradients it clips, and steps it leaves out.

While a loop is watched, PyTorch's functions for these are stood in for, wherever a module holds
them, by whatever name. They are so once, however many loops are watched and in whatever order these
end: the last that ends has everything put back.
"""

from __future__ import annotations

import functools
import sys
import threading
import weakref
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Final

import torch
from torch import Tensor
from torch.compiler import is_dynamo_compiling

_FUNCTIONS: Final = ("clip_grad_norm_", "clip_grad_value_", "clip_grads_with_norm_")


CLIPPED: Final = "gradients are clipped in what is compiled: their norms are those after it"

_SHARDED: Final = "FullyShardedDataParallel"


class _Compiled:
    """What is done within something that is compiled, where nothing is heard of it."""

    is_clipping = False


_COMPILED: Final = _Compiled()


class Listening:
    """Hears of what loops do, until it is removed.

    Args:
        before_clipping: Is told the parameters whose gradients are about to be clipped.
        through_scaler: Is given an optimizer and what steps it, unless a scaler leaves that out.
        say: Is told in the end what there was of which nothing could be heard.
    """

    def __init__(
        self,
        before_clipping: Callable[[Iterable[Tensor]], None],
        through_scaler: Callable[[Any, Callable[[], Any]], Any],
        say: Callable[[str], None],
    ) -> None:
        self.before_clipping, self.through_scaler = before_clipping, through_scaler
        self._say = say
        with _LOCK:
            # They still do where a loop was let go of that nobody had ended.
            if not _STANDING_IN:
                _stand_in()
            _LISTENING.add(self)

    def remove(self) -> None:
        """Hear no more."""
        if _COMPILED.is_clipping:
            self._say(CLIPPED)
        with _LOCK:
            _LISTENING.discard(self)
            if not _LISTENING:
                _put_back()


_LOCK: Final = threading.Lock()
_LISTENING: Final = weakref.WeakSet[Listening]()
_STANDING_IN: Final[list[tuple[Any, str, Any, Any]]] = []
"""Whose attribute, its name, what it was and what stands in for it."""


def _stand_in() -> None:
    """Put stand-ins in the place of everything that is to be heard of."""
    _COMPILED.is_clipping = False
    originals = [getattr(torch.nn.utils, name, None) for name in _FUNCTIONS]
    stand_ins = {id(each): _clipping(each) for each in originals if each is not None}
    for module in [*sys.modules.values()]:
        held = getattr(module, "__dict__", None)
        # Nearly none has one, which is asked of thousands.
        if not isinstance(held, dict) or stand_ins.keys().isdisjoint(map(id, [*held.values()])):
            continue
        # By what it is: a script may have imported it under another name.
        for name, value in [*held.items()]:
            if stand_in := stand_ins.get(id(value)):
                _replace(module, name, stand_in)
    # FullyShardedDataParallel, the first of that name, clips by itself what lies in parts.
    if wrapper := getattr(sys.modules.get("torch.distributed.fsdp"), _SHARDED, None):
        _replace(wrapper, "clip_grad_norm_", _clipping_its_own(wrapper.clip_grad_norm_))
    _replace(torch.amp.GradScaler, "step", _scaled(torch.amp.GradScaler.step))


def _put_back() -> None:
    """Put everything back that still stands as it was put."""
    for owner, name, original, stand_in in reversed(_STANDING_IN):
        if getattr(owner, name, None) is stand_in:
            setattr(owner, name, original)
    _STANDING_IN.clear()


def _replace(owner: Any, name: str, stand_in: Any) -> None:
    _STANDING_IN.append((owner, name, getattr(owner, name), stand_in))
    setattr(owner, name, stand_in)


def _clipping(original: Any) -> Any:
    @functools.wraps(original)
    def clip(parameters: Any, *args: Any, **kwargs: Any) -> Any:
        if is_dynamo_compiling():
            # What is compiled would have the hearing in it, and be no graph any more.
            _COMPILED.is_clipping = True
            return original(parameters, *args, **kwargs)
        if not isinstance(parameters, Tensor):
            parameters = list(parameters)
        for each in [*_LISTENING]:
            each.before_clipping([parameters] if isinstance(parameters, Tensor) else parameters)
        return original(parameters, *args, **kwargs)

    return clip


def _clipping_its_own(original: Any) -> Any:
    @functools.wraps(original)
    def clip(module: Any, *args: Any, **kwargs: Any) -> Any:
        for each in [*_LISTENING]:
            each.before_clipping([*module.parameters()])
        return original(module, *args, **kwargs)

    return clip


def _scaled(original: Any) -> Any:
    @functools.wraps(original)
    def step(scaler: Any, optimizer: Any, *args: Any, **kwargs: Any) -> Any:
        call = partial(original, scaler, optimizer, *args, **kwargs)
        for each in [*_LISTENING]:
            call = partial(each.through_scaler, optimizer, call)
        return call()

    return step
