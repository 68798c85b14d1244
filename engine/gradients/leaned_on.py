"""What the engine leans on of torch and it does not promise: private names.

Whoever upgrades torch looks here. Each name has its why beside it and its own test in
``tests/engine/gradients/test_leaned_on.py``, which says what broke; no other file of ``engine``
may use such a name, and ``tests/test_leaned_on.py`` holds that. What is leaned on of Textual
stands in ``tui.terminal.leaned_on``.
"""

from __future__ import annotations

import ctypes
import gc
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

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


FLAT: Final = "_flat_param"
"""What FullyShardedDataParallel calls all parameters of a module together, in one."""


class FlatPart(NamedTuple):
    """What FullyShardedDataParallel has made of a parameter: one that is a part of it."""

    processes: int
    """How many have a part."""
    shape: Sequence[int]
    """The whole one's."""


def flat_parts() -> dict[int, FlatPart]:
    """Return by identity the parameters in this process that are parts, and look like wholes.

    FullyShardedDataParallel, the first of that name, keeps in private which they are. To look for
    its modules takes a while, which is spent where there may be any.
    """
    fsdp = sys.modules.get("torch.distributed.fsdp")
    wrapper = getattr(fsdp, "FullyShardedDataParallel", None)
    parts: dict[int, FlatPart] = {}
    if wrapper is None:
        return parts
    # By type: to ask an object for its class may wake what is deprecated, or load something.
    for module in gc.get_objects():
        if not issubclass(type(module), wrapper) or (handle := module._handle) is None:
            continue
        if handle.uses_sharded_strategy:
            flat, count = handle.flat_param, handle.process_group.size()
            parts[id(flat)] = FlatPart(count, [*flat._unpadded_unsharded_size])
            for each, shape in zip(flat._params or (), flat._shapes, strict=False):
                parts[id(each)] = FlatPart(count, [*shape])
    return parts


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


TENSOR_CALLS: Final[Mapping[str, str]] = {
    "is_defined": "is_defined",
    "layout_of": "get_layout",
    "type_of": "get_dtype",
    "device_of": "get_device_type",
    "size_of": "get_numel",
    "is_contiguous": "is_contiguous",
    "start_of": "get_data_ptr",
}
"""What is asked of a tensor, and how PyTorch's interface for C calls it."""

_LAST_TRIED: Final = (2, 13)
"""The newest torch whose C++ was seen to be as ``tensor_functions`` takes it to be."""


def tensor_functions(real: str) -> dict[str, int] | None:
    """Return by name the addresses of PyTorch's functions that find a gradient, and its names for
    an ordinary tensor in this process's memory; None where they are not known to be there.

    Its interface for C is made to last, but knows of no gradients: ``TensorImpl::grad`` is of its
    C++, which a later version may have otherwise.

    Args:
        real: What the tensor has, ``"float"`` or ``"double"``.
    """
    version = tuple(int(part) for part in torch.__version__.split(".")[:2])
    if sys.platform != "linux" or version > _LAST_TRIED or sys.maxsize < 2**32:
        return None
    folder = Path(torch.__file__).parent / "lib"
    try:
        core, calls = (ctypes.CDLL(str(folder / f"lib{name}.so")) for name in ("c10", "torch_cpu"))
        found = {"gradient": core._ZNK3c1010TensorImpl4gradEv}
        for name, call in TENSOR_CALLS.items():
            found[name] = getattr(calls, f"aoti_torch_{call}")
        return {
            "layout": calls.aoti_torch_layout_strided(),
            "device": calls.aoti_torch_device_type_cpu(),
            "type": getattr(calls, f"aoti_torch_dtype_float{32 if real == 'float' else 64}")(),
            **{name: _address(each) for name, each in found.items()},
        }
    except (OSError, AttributeError):
        return None


def _address(function: Any) -> int:
    return ctypes.cast(function, ctypes.c_void_p).value or 0


def place_within(tensor: torch.Tensor) -> int | None:
    """Return how many bytes behind the beginning of a tensor's object the address lies of what it
    is the object of; None where it is not found.
    """
    size = type(tensor).__basicsize__
    words = (ctypes.c_void_p.from_address(id(tensor) + each).value for each in range(0, size, 8))
    return next((8 * place for place, each in enumerate(words) if each == tensor._cdata), None)
