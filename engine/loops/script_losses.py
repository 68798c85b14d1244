"""The losses of a script's steps: what backward passes are called on, as nobody says it."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Sequence
from typing import Any

from torch import Tensor


class _BegunPass(threading.local):
    """The pass that a thread is within."""

    before: Tensor | None = None
    """What the loss was before it."""
    is_begun = False
    """Whether there is one; where an error ends it, until the next begins."""


class ScriptLosses:
    """The loss of the step to come, the sum of what passes are called on until it is taken.

    Several threads that train share it, and each may find it taken by another.
    """

    def __init__(self) -> None:
        self.coming: Tensor | None = None
        """That loss so far."""
        self._taken: Tensor | None = None
        """The loss of the last step."""
        self._unscaled: weakref.WeakValueDictionary[int, Tensor] = weakref.WeakValueDictionary()
        """By what mixed precision has scaled, what that was."""
        self._pass = _BegunPass()

    def know(self, scaled: Any, loss: Tensor) -> None:
        """Know what a loss was before mixed precision scaled it."""
        if isinstance(scaled, Tensor):
            self._unscaled[id(scaled)] = loss

    def begin_pass(self) -> None:
        """Begin a pass: what an error ended, as where memory is short, is tried again."""
        if self._pass.is_begun and self.coming is not None:
            self.coming = self._pass.before

    def add(self, tensors: Sequence[Tensor], *, within_step: bool) -> None:
        """Add what a pass is called on.

        Args:
            tensors: Those that are one number count.
            within_step: Whether a step has its loss computed, several times perhaps: the first
                counts.
        """
        self._pass.before, self._pass.is_begun = self.coming, True
        for each in tensors:
            if each.numel() == 1:
                loss, before = self._unscaled.get(id(each), each).detach(), self.coming
                if before is None:
                    self.coming = loss
                elif not within_step:
                    self.coming = before + loss

    def end_pass(self) -> None:
        """End a pass that no error ended."""
        self._pass.before, self._pass.is_begun = None, False

    def take(self) -> Tensor | None:
        """Return the loss of the step that is taken now; the next has none yet."""
        taken, self.coming = self.coming, None
        if taken is not None:
            self._taken = taken
        return taken

    def take_more(self) -> Tensor | None:
        """Return the loss of the step that was taken, with what was added to its gradients."""
        before = self._taken
        if (more := self.take()) is not None and before is not None:
            self._taken = more = before + more
        return more
