"""What the engine leans on of torch and it does not promise: private names.

Whoever upgrades torch looks here. Each name has its why beside it and its own test in
``tests/engine/gradients/test_leaned_on.py``, which says what broke; no other file of ``engine``
may use such a name, and ``tests/test_leaned_on.py`` holds that. What is leaned on of Textual
stands in ``tui.terminal.leaned_on``.
"""

from __future__ import annotations

import gc
import sys
from typing import Any, Final

import torch
from torch import nn

aten: Final[Any] = torch.ops.aten
"""PyTorch's own operations, those that write into a buffer that is given among them: autograd
calls them, and few have another name. Which are used is read off the sources by the test."""

softmax: Final[Any] = aten._softmax.out
softmax_backward: Final[Any] = aten._softmax_backward_data.out
log_softmax: Final[Any] = aten._log_softmax.out
log_softmax_backward: Final[Any] = aten._log_softmax_backward_data.out
"""The public functions make a tensor in every step and have no derivative to call."""

fused_adam: Final[Any] = torch._fused_adam_
fused_adamw: Final[Any] = torch._fused_adamw_
"""The kernels under ``torch.optim``: its classes take longer to find their arguments than to do
the arithmetic of a small network."""

WRAPPED: Final = frozenset(
    {"_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module", "_forward_module"}
)
"""What PyTorch's wrappers call the module that they hold, and nobody else calls one: a compiled
one, one that lies in several processes, one whose activations are computed again, one of
Lightning Fabric's."""


def compiled_from(module: nn.Module) -> nn.Module | None:
    """Return the module that ``torch.compile`` has wrapped; None where it is no such wrapper.

    Its wrapper is of a private class and is told by this name alone.
    """
    inner = getattr(module, "_orig_mod", None)
    return inner if isinstance(inner, nn.Module) else None


def is_compiled(module: nn.Module) -> bool:
    """Whether a module is compiled, in a wrapper or in place, of which no public name tells."""
    in_place = getattr(module, "_compiled_call_impl", None) is not None
    return in_place or compiled_from(module) is not None


def was_anything_compiled() -> bool:
    """Whether anything was ever to be compiled in this process.

    Torch keeps by what, and None for what is to be left alone.
    """
    dynamo = sys.modules.get("torch._dynamo.eval_frame")
    return dynamo is not None and any(dynamo.cached_backends.values())


def compiled_modules() -> list[nn.Module]:
    """Return the modules of this process that are compiled, whoever has them.

    To look for them takes a while, which is spent where there may be any.
    """
    if not was_anything_compiled():
        return []
    # By type: to ask an object for its class may wake what is deprecated, or load something.
    modules = [each for each in gc.get_objects() if issubclass(type(each), nn.Module)]
    return [each for each in modules if is_compiled(each)]


def times_compiled() -> int:
    """Return how often torch has compiled something in this process, a function among them."""
    dynamo = sys.modules.get("torch._dynamo.utils")
    return 0 if dynamo is None else int(dynamo.counters["stats"]["unique_graphs"])


def is_traced() -> bool:
    """Whether what is computed now is traced to be a script, of which nothing public tells."""
    return torch._C._get_tracing_state() is not None


def is_within_transform(tensor: torch.Tensor) -> bool:
    """Whether a tensor is one that ``torch.func`` maps over or differentiates, and lives no longer
    than that.
    """
    return bool(torch._C._functorch.is_functorch_wrapped_tensor(tensor))


def group_store() -> Any:
    """Return where processes that train together have found each other, and can leave words.

    Whoever made the group may have it from a public function, but not who comes later.
    """
    from torch.distributed import distributed_c10d

    return distributed_c10d._get_default_store()
