"""Units that are dead or saturated, seen in the forward pass of a step that is measured.

    a parameter is used   ─► its layer is the one that computes now
    an activation follows ─► which of the layer's units are 0 in every row, or hardly pass a slope

Nothing is called that the loop does not call itself: what it computes anyway is looked at, and only
in the steps that are measured. Modules and functions of PyTorch are seen alike; what is compiled is
left alone, for to look into it would have it compiled again, and in the end not any more.
"""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.modules.module import (
    register_module_forward_hook,
    register_module_forward_pre_hook,
)
from torch.overrides import TorchFunctionMode

from ..components.activations import SATURATED
from ..gradients.leaned_on import (
    compiled_modules,
    is_compiled,
    is_traced,
    is_within_transform,
    times_compiled,
)


def _is_zero(outputs: Tensor) -> Tensor:
    """Return which units [units] are 0 in every row of outputs [rows, units], none below 0."""
    # The greatest is found as the numbers lie, without a copy of them all.
    return outputs.amax(dim=0) == 0


def _is_flat(slopes: Tensor, steepest: float) -> Tensor:
    """Return of which units [units] the mean slope is next to nothing."""
    return slopes.mean(dim=0) <= SATURATED * steepest


def _is_of_units(outputs: Any) -> bool:
    """Whether outputs are of units that can be looked at: real numbers [..., units], all of them
    here. A loop may have others, which are none of its faults.
    """
    return (
        isinstance(outputs, Tensor)
        and not is_within_transform(outputs)
        and not (outputs.is_nested or outputs.is_meta or hasattr(outputs, "to_local"))
        and outputs.layout is torch.strided
        and outputs.is_floating_point()
        and outputs.dim() > 0
        and outputs.numel() > 0
    )


_DYING: Final[set[Any]] = {functional.relu, torch.relu, torch.relu_, Tensor.relu, functional.relu6}
_SIGMOIDS: Final[set[Any]] = {functional.sigmoid, torch.sigmoid, Tensor.sigmoid}
_TANHS: Final[set[Any]] = {functional.tanh, torch.tanh, Tensor.tanh}

_LOOKED_AT: Final[Mapping[Any, tuple[str, Callable[[Tensor], Tensor]]]] = {
    **dict.fromkeys(_DYING, ("dead", _is_zero)),
    **dict.fromkeys(_SIGMOIDS, ("saturated", lambda y: _is_flat(y * (1 - y), 0.25))),
    **dict.fromkeys(_TANHS, ("saturated", lambda y: _is_flat(1 - y.square(), 1.0))),
}
"""What is looked for behind each activation, and how it is told by its outputs."""


class Units:
    """Looks at the hidden units of a model in some of its forward passes.

    Args:
        model: Whose; none where there is no module.
        layers: The layer that each parameter is of.
    """

    def __init__(self, model: nn.Module | None, layers: Iterable[tuple[Tensor, str]]) -> None:
        # It may hold what trains it, and is let go of with that.
        self._model = None if model is None else weakref.ref(model)
        self._compiled = times_compiled()
        self.know(layers)
        self._is_fresh = True
        """Whether nothing was looked at yet."""
        self._hooks: list[Any] = []
        weakref.finalize(self, _remove, self._hooks)
        self._looking: _Look | None = None
        self.seconds = 0.0
        """What looking has cost."""
        self.shares: dict[str, Tensor] = {}
        """By ``dead/layer`` and ``saturated/layer``, the share of units in the pass looked at."""

    def know(self, layers: Iterable[tuple[Tensor, str]]) -> None:
        """Know layers by their parameters."""
        self._layers = {id(each): (name, each.dim()) for each, name in layers if each.dim() > 1}

    def look(self) -> None:
        """Look at the next forward pass that learns."""
        self.shares = {}
        # A function that a module calls is compiled, and would be again: no module says so.
        if times_compiled() != self._compiled or (self._is_fresh and self._is_compiled()):
            self._model = None
            self.close()
        self._is_fresh = False
        if self._model is not None and not self._hooks:
            # Not the model's own: it may be copied, saved or turned into a script with them on it.
            self._hooks += [
                register_module_forward_pre_hook(_weakly(self._begin)),
                register_module_forward_hook(_weakly(self._end), always_call=True),
            ]

    def _is_compiled(self) -> bool:
        """Whether the model is compiled, or something in it, or around it."""
        model = None if self._model is None else self._model()
        if model is None or any(map(is_compiled, model.modules())):
            return True
        own = {id(each) for each in model.parameters()}
        around = (each for one in compiled_modules() for each in one.parameters())
        return any(id(each) in own for each in around)

    def close(self) -> None:
        """Look at nothing any more; a pass of another thread is looked at to its own end."""
        if self._looking is None or self._looking.is_of_this_thread:
            self._leave()
            _remove(self._hooks)

    def _is_ours(self, module: nn.Module) -> bool:
        return self._model is not None and module is self._model()

    def _begin(self, module: nn.Module) -> None:
        if self._is_ours(module) and self._looking is None and torch.is_grad_enabled():
            self._looking = _Look(self._layers, self.shares)
            self._looking.__enter__()  # type: ignore[no-untyped-call]

    def _end(self, module: nn.Module) -> None:
        if self._is_ours(module) and self._looking is not None:
            # Where that is of another thread, this pass was not the one that is looked at.
            self.close()

    def _leave(self) -> None:
        """End a look, as well one that was interrupted, of which no hook is told."""
        if self._looking is not None:
            self._looking.__exit__(None, None, None)  # type: ignore[no-untyped-call]
            self.seconds += self._looking.seconds
            self._looking = None


def _weakly(method: Callable[..., None]) -> Callable[..., None]:
    """Return what calls a method as long as somebody else has its object."""
    here = weakref.WeakMethod(method)

    def call(module: nn.Module, *told: Any) -> None:
        # What is compiled or traced would have the looking in it for ever.
        if not (torch.compiler.is_dynamo_compiling() or is_traced()) and (alive := here()):
            alive(module)

    return call


def _remove(hooks: list[Any]) -> None:
    for hook in hooks:
        hook.remove()
    hooks.clear()


class _Look(TorchFunctionMode):
    """Sees every function of PyTorch that is called."""

    def __init__(self, layers: Mapping[int, tuple[str, int]], shares: dict[str, Tensor]) -> None:
        super().__init__()
        self._layers, self._shares = layers, shares
        self._layer, self._thread = ("", 0), threading.get_ident()
        self.seconds = 0.0
        """What looking has cost so far."""

    @property
    def is_of_this_thread(self) -> bool:
        """Whether it was begun in this thread, which alone can end it."""
        return self._thread == threading.get_ident()

    def __torch_function__(
        self, function: Any, types: Any, args: Sequence[Any] = (), kwargs: Any = None
    ) -> Any:
        result = function(*args, **(kwargs or {}))
        if torch.compiler.is_compiling():
            # A function that is compiled now, looking and all: what it computes is its own alone.
            return result
        began = time.thread_time()
        for each in (*args, *(kwargs or {}).values()):
            self._layer = self._layers.get(id(each), self._layer)
        if function in _LOOKED_AT and self._layer[0] and _is_of_units(result):
            what, units_of = _LOOKED_AT[function]
            self._shares.setdefault(f"{what}/{self._layer[0]}", self._share(result, units_of))
        self.seconds += time.thread_time() - began
        return result

    def _share(self, outputs: Tensor, units_of: Callable[[Tensor], Tensor]) -> Tensor:
        values = outputs.detach()
        # Units of a convolution are its channels, which stand second.
        if self._layer[1] > 2 and values.dim() > 2:
            values = values.movedim(1, -1)
        return units_of(values.reshape(-1, values.shape[-1])).double().mean()
