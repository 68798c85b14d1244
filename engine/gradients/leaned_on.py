"""What the gradients lean on of torch and it does not promise: private names, and TorchScript.

Whoever upgrades torch looks here. Each name has its why beside it and its own test in
``tests/engine/gradients/test_leaned_on.py``, which says what broke; no other file of ``engine``
may use such a name, and ``tests/test_leaned_on.py`` holds that. What is leaned on of Textual
stands in ``tui.terminal.leaned_on``.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
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


def operation_name(operation: Any) -> str | None:
    """Return the name of one of ``aten``'s operations; None for any other callable."""
    return operation._opname if isinstance(operation, torch._ops.OpOverload) else None


def scripted(module: nn.Module) -> Callable[..., None]:
    """Return a module's ``forward`` as TorchScript.

    PyTorch calls TorchScript finished: nothing is added to it any more, but nothing else plays
    operations without Python in between. It says so in a warning of some kind, a
    ``DeprecationWarning`` up to 2.13 and a ``FutureWarning`` from 2.14 on.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r".*torch\.jit", DeprecationWarning)
        warnings.filterwarnings("ignore", r".*torch\.jit", FutureWarning)
        forward: Callable[..., None] = torch.jit.script(module).forward
    return forward


def as_it_is() -> Any:
    """Return the context in which TorchScript plays operations without optimizing them first.

    There is nothing to optimize in a list of operations, and looking for it takes longer than
    some runs.
    """
    return torch.jit.optimized_execution(False)  # type: ignore[attr-defined]
