"""For fastai: ``Learner(…, cbs=epochal.callback())``."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from ..loop import Loop
from ..watch import watch
from .batches import BatchLosses
from .stepping import Stepping


def make(library: str, options: Mapping[str, Any]) -> Any:
    """Return a callback of fastai's."""
    from fastai.callback.core import Callback, CancelFitException

    class LearnerWatch(Callback):  # type: ignore[misc]
        """Has every step recorded, and stops where somebody asks for it."""

        run: Loop

        def before_fit(self) -> None:
            opt = self.learn.opt
            self._stepping = Stepping(
                self.model.parameters(),
                lambda: float(opt.hypers[-1]["lr"]),
                partial(_multiply_rates, opt),
            )
            name = type(self.model).__name__
            self.run = watch(self.model, self._stepping, **{"name": name, **options})
            self.run.attach()
            self._losses = BatchLosses(self.run)

        def before_step(self) -> None:
            # fastai's own optimizer steps right after this: the hooks see the same gradients.
            self._stepping.through(lambda: None)

        def after_batch(self) -> None:
            if self.training:
                self._losses.add(self.loss)
                if self.run.should_stop:
                    raise CancelFitException

        def after_epoch(self) -> None:
            names, values = self.recorder.metric_names[1:], self.recorder.log[1:]
            figures = zip(names, values, strict=False)
            self.run.log(**{name: each for name, each in figures if name.startswith("valid")})

        def after_fit(self) -> None:
            self.run.close()

    return LearnerWatch()


def _multiply_rates(optimizer: Any, factor: float) -> None:
    """Multiply the rates of an optimizer of fastai; where one is scheduled, that is overwritten."""
    for group in optimizer.hypers:
        group["lr"] *= factor
