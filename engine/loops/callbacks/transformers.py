"""For Hugging Face's Trainer: ``Trainer(…, callbacks=[epochal.callback()])``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from ..loop import Loop
from ..watch import watch


def make(library: str, options: Mapping[str, Any]) -> Any:
    """Return a callback of Hugging Face's Trainer."""
    from transformers import TrainerCallback

    class TrainerWatch(TrainerCallback):  # type: ignore[misc]
        """Has every optimizer step recorded, and stops where somebody asks for it."""

        run: Loop

        def on_train_begin(self, args: Any, state: Any, control: Any, **told: Any) -> None:
            model, optimizer = told["model"], told["optimizer"]
            # Accelerate wraps the optimizer that takes the steps.
            optimizer = getattr(optimizer, "optimizer", optimizer)
            self.run = watch(model, optimizer, **{"name": type(model).__name__, **options})
            self.run.attach()
            # Nobody is told the loss of a step: it is what the model answers while it is trained.
            self._hook = model.register_forward_hook(self._answered, with_kwargs=True)
            self._answers: list[Tensor] = []
            self._are_shares = False
            everywhere = getattr(args, "average_tokens_across_devices", False)
            self._processes = args.world_size if everywhere else 1

        def _answered(self, model: Any, inputs: Any, named: Any, answer: Any) -> None:
            loss = answer.get("loss") if isinstance(answer, Mapping) else None
            if model.training and loss is not None:
                self._answers.append(loss.detach().mean())
                # Told of how many tokens the step is, a model answers its share of the step's mean.
                self._are_shares = named.get("num_items_in_batch") is not None

        def on_evaluate(self, args: Any, state: Any, control: Any, **told: Any) -> None:
            figures = told.get("metrics") or {}
            usual = {name: each for name, each in figures.items() if isinstance(each, int | float)}
            self.run.log(**usual)

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            if self._answers:
                total = torch.stack(self._answers).sum()
                count = 1 / self._processes if self._are_shares else len(self._answers)
                self.run.log(loss=total / count)
                self._answers.clear()
            if self.run.should_stop:
                control.should_training_stop = True

        def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            self._hook.remove()
            self.run.close()

    return TrainerWatch()
