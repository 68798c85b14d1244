"""For Lightning: ``Trainer(callbacks=[epochal.callback()])``."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from ..loop import Loop
from ..watch import watch
from .batches import BatchLosses


def make(library: str, options: Mapping[str, Any]) -> Any:
    """Return a callback of the Lightning that is imported under this name."""
    name = "lightning.pytorch" if library == "lightning" else library
    base: Any = importlib.import_module(name).Callback

    class LightningWatch(base):  # type: ignore[misc]
        """Has every optimizer step recorded, and stops where somebody asks for it."""

        run: Loop

        def on_train_start(self, trainer: Any, module: Any) -> None:
            self.run = watch(
                module, trainer.optimizers, **{"name": type(module).__name__, **options}
            )
            self.run.attach()
            self._losses = BatchLosses(self.run)

        def on_train_batch_end(self, trainer: Any, module: Any, outputs: Any, *_: Any) -> None:
            loss = outputs if isinstance(outputs, Tensor) else (outputs or {}).get("loss")
            # Of several batches of a step each loss comes divided by how many there are.
            parts = trainer.accumulate_grad_batches if module.automatic_optimization else 1
            if loss is not None:
                self._losses.add(loss * parts)
            if self.run.should_stop:
                trainer.should_stop = True

        def on_validation_end(self, trainer: Any, module: Any) -> None:
            if hasattr(self, "run") and not trainer.sanity_checking:
                self.run.log(**trainer.callback_metrics)

        def on_train_end(self, trainer: Any, module: Any) -> None:
            self.run.close()

        def on_exception(self, trainer: Any, module: Any, exception: BaseException) -> None:
            if hasattr(self, "run"):
                self.run.close(exception)

    return LightningWatch()
