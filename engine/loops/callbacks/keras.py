"""For Keras 3 on torch: ``model.fit(…, callbacks=[epochal.callback()])``."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from ...errors import RequestError
from ..loop import Loop
from ..watch import watch
from .stepping import Stepping


def make(library: str, options: Mapping[str, Any]) -> Any:
    """Return a callback of Keras.

    Raises:
        RequestError: It computes with something else than torch.
    """
    import keras

    if keras.config.backend() != "torch":
        raise RequestError(
            f"callback: keras computes with {keras.config.backend()} here; set KERAS_BACKEND=torch"
        )

    class KerasWatch(keras.callbacks.Callback):  # type: ignore[misc]
        """Has every step recorded, and stops where somebody asks for it."""

        run: Loop

        def on_train_begin(self, logs: Any = None) -> None:
            optimizer = self.model.optimizer
            weights = [each.value for each in self.model.trainable_weights]
            stepping = Stepping(
                weights,
                lambda: float(optimizer.learning_rate),
                partial(_multiply_rate, optimizer),
            )
            self._apply, apply = optimizer.apply, optimizer.apply
            optimizer.apply = lambda *given, **named: stepping.through(
                partial(apply, *given, **named)
            )
            # What Keras tells of a batch is the mean of its epoch so far.
            self._compute_loss = self.model.compute_loss
            self.model.compute_loss = self._compute
            self.run = watch(self.model, stepping, **{"name": self.model.name, **options})
            self.run.attach()

        def _compute(self, *given: Any, **named: Any) -> Any:
            loss = self._compute_loss(*given, **named)
            if named.get("training", True):
                self.run.log(loss=loss)
            return loss

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            if self.run.should_stop:
                self.model.stop_training = True

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            figures = {name: each for name, each in (logs or {}).items() if name[:4] == "val_"}
            self.run.log(**figures)

        def on_train_end(self, logs: Any = None) -> None:
            self.model.optimizer.apply = self._apply
            self.model.compute_loss = self._compute_loss
            self.run.close()

    return KerasWatch()


def _multiply_rate(optimizer: Any, factor: float) -> None:
    """Multiply the rate of an optimizer of Keras.

    Raises:
        ValueError: A schedule gives it.
    """
    try:
        optimizer.learning_rate = float(optimizer.learning_rate) * factor
    except TypeError:
        raise ValueError("a schedule of Keras gives the rate, and none can be set") from None
