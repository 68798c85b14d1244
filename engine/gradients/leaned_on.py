"""What the gradients lean on of torch and it does not promise: private names.

Whoever upgrades torch looks here. Each name has its why beside it and its own test in
``tests/engine/gradients/test_leaned_on.py``, which says what broke; no other file of ``engine``
may use such a name, and ``tests/test_leaned_on.py`` holds that. What is leaned on of Textual
stands in ``tui.terminal.leaned_on``.
"""

from __future__ import annotations

from typing import Any, Final

import torch

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
