"""For skorch: ``NeuralNet(…, callbacks=[epochal.callback()])``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..loop import Loop
from ..watch import watch


def make(library: str, options: Mapping[str, Any]) -> Any:
    """Return a callback of skorch's."""
    from skorch.callbacks import Callback

    class SkorchWatch(Callback):  # type: ignore[misc]
        """Has every optimizer step recorded, and stops where somebody asks for it."""

        run: Loop

        def on_train_begin(self, net: Any, **_: Any) -> None:
            name = type(net.module_).__name__
            self.run = watch(net.module_, net.optimizer_, **{"name": name, **options})
            self.run.attach()

        def on_batch_end(self, net: Any, training: bool = True, **told: Any) -> None:
            if training:
                self.run.log(loss=told["loss"])
                if self.run.should_stop:
                    # What skorch takes for Ctrl-C: it ends the training, and keeps its history.
                    raise KeyboardInterrupt

        def on_epoch_end(self, net: Any, **_: Any) -> None:
            newest = net.history[-1]
            figures = {name: newest[name] for name in ("valid_loss", "valid_acc") if name in newest}
            self.run.log(**figures)

        def on_train_end(self, net: Any, **_: Any) -> None:
            self.run.close()

    return SkorchWatch()
