"""What turns gradients into updates: PyTorch's optimizers behind their names, and rules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ..components.update_rules import FUNCTIONS, UpdateRule
from ..errors import EpochalError
from ..experiment.experiment import Experiment
from ..network.parameters import ParameterLayout
from ..recording.checkpoints import State


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
        # PyTorch puts the settings into param_groups, where a scheduler finds lr and changes it.
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
        # From 1, as in the papers: a correction such as 1 - beta^t would be 0 at t = 0.
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
    # By its name: what only a newer PyTorch has is refused when it is asked for, not at import.
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


def optimizer_state(optimizers: Sequence[torch.optim.Optimizer], layout: ParameterLayout) -> State:
    """Return what optimizers keep of each parameter: by its name in PyTorch, then the parameter's.

    Args:
        optimizers: One for all members, or one for each.
        layout: Where their parameters lie.

    Returns:
        [members, *shape] of what is a number for each of a parameter's, and [optimizers] of what
        is one number.
    """
    kept: dict[str, dict[str, list[Tensor]]] = {}
    for optimizer in optimizers:
        parameters = optimizer.param_groups[0]["params"]
        for name, parameter in zip(layout.parameters, parameters, strict=True):
            for key, value in optimizer.state[parameter].items():
                tensor = torch.as_tensor(value).detach().cpu()
                whole = tensor.shape == parameter.shape and parameter.dim()
                shape = (layout.members // len(optimizers), *layout.parameters[name])
                each = tensor.reshape(shape) if whole else tensor.reshape(1)
                kept.setdefault(key, {}).setdefault(name, []).append(each)
    return {
        key: {name: torch.cat(each) for name, each in named.items()} for key, named in kept.items()
    }


def restore_optimizers(
    optimizers: Sequence[torch.optim.Optimizer], layout: ParameterLayout, state: State
) -> None:
    """Give optimizers what ``optimizer_state`` returned."""
    for index, optimizer in enumerate(optimizers):
        parameters = optimizer.param_groups[0]["params"]
        for name, parameter in zip(layout.parameters, parameters, strict=True):
            values = {key: torch.as_tensor(named[name]) for key, named in state.items()}
            optimizer.state[parameter] = {
                key: _portion(value.chunk(len(optimizers))[index], parameter)
                for key, value in values.items()
            }


def _portion(value: Tensor, parameter: nn.Parameter) -> Tensor | int:
    """Return what an optimizer keeps of a parameter, as it keeps it: a copy of the values."""
    if value.numel() == parameter.numel() and value.dim() > 1:
        return value.reshape(parameter.shape).to(parameter, copy=True)
    # What PyTorch counts in, it counts in floats; a rule of ours in whole numbers of Python's.
    return value[0].clone() if value.is_floating_point() else int(value[0])
