"""What turns gradients into updates: PyTorch's optimizers behind their names, and rules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import nn

from ..components.update_rules import FUNCTIONS, UpdateRule
from ..errors import EpochalError
from ..experiment.experiment import Experiment


class RuleOptimizer(torch.optim.Optimizer):
    """An optimizer of which PyTorch has none: it computes what its rule says, as it stands there.

    Args:
        parameters: What is updated.
        rule: The update.
        settings: The numbers that the rule speaks of, by name; ``lr`` is where schedulers look.
    """

    def __init__(
        self, parameters: Sequence[nn.Parameter], rule: UpdateRule, settings: dict[str, Any]
    ) -> None:
        super().__init__(parameters, settings)
        self._rule = rule

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Update every parameter by its gradient, which is left as it is."""
        for group in self.param_groups:
            for parameter in group["params"]:
                self._update(parameter, group)

    def _update(self, parameter: nn.Parameter, settings: dict[str, Any]) -> None:
        rule, state = self._rule, self.state[parameter]
        if not state:
            state["step"] = 0
            for name, kept in rule.state.items():
                start = settings[rule.starts[name]] if name in rule.starts else 0.0
                state[kept] = torch.full_like(parameter, start)
        state["step"] += 1
        # What the rule may speak of: torch's functions, the settings, and then the tensors.
        values = {name: getattr(torch, name) for name in FUNCTIONS} | settings
        values |= {"w": parameter, "g": parameter.grad, "t": state["step"]}
        values |= {name: state[kept] for name, kept in rule.state.items()}
        for target, compute in rule.steps:
            # In order, as in a textbook: a name that is assigned twice means the newer one below.
            values[target] = compute(values)
        # Written at the end: the rule's own w is a new tensor, the parameter must stay the same
        # one.
        parameter.copy_(values["w"])
        for name, kept in rule.state.items():
            state[kept].copy_(values[name])


def make_optimizer(
    experiment: Experiment, parameters: Sequence[nn.Parameter]
) -> torch.optim.Optimizer:
    """Return the optimizer an experiment names.

    Raises:
        EpochalError: PyTorch has no such optimizer, and there is no rule to compute it by.
    """
    spec = experiment.optimizer
    made = getattr(torch.optim, spec.torch_name or "", None)
    if isinstance(spec.update, UpdateRule) and (spec.written_out or made is None):
        return RuleOptimizer(parameters, spec.update, spec.model_dump(exclude={"name"}))
    if made is None:
        raise EpochalError(
            f"optimizer.name: PyTorch {torch.__version__} has no {spec.torch_name} to train "
            f"{spec.name!r} with; choose another"
        )
    optimizer: torch.optim.Optimizer = made(parameters, **spec.arguments)
    return optimizer
