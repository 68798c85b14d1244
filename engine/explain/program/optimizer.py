"""The optimizer of a program: PyTorch's class, one written out, or a loop over the parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...components.update_rules import UpdateRule
from ...errors import EpochalError
from ...text.source_code import WIDTH, call, literal

if TYPE_CHECKING:
    from ...components.optimizers import OptimizerBase
    from ...experiment.experiment import Experiment


def by_hand(experiment: Experiment) -> bool:
    """Whether the update is written into the loop; a schedule needs an optimizer to work on."""
    return experiment.optimizer.written_out and not experiment.schedule.moves


def update_by_hand(experiment: Experiment) -> list[str]:
    """Return the update of every parameter, within the loop."""
    names = {"w": "parameter", "g": "parameter.grad", "lr": "LEARNING_RATE"}
    clears = ["        parameter.grad.zero_()"] if experiment.train.zero_grad else []
    return [
        "with torch.no_grad():",
        "    for parameter in network.parameters():",
        *(f"        {line}" for line in _rule(experiment.optimizer).python(names)),
        *clears,
    ]


def optimizer_blocks(experiment: Experiment) -> list[str]:
    """Return what makes the optimizer, after its class where PyTorch has none."""
    spec = experiment.optimizer
    if by_hand(experiment):
        return [f"LEARNING_RATE = {spec.lr!r}"]
    settings = spec.arguments if spec.torch_name else spec.model_dump(exclude={"name", "l1"})
    defaults = type(spec)().arguments if spec.torch_name else {}
    given = {
        key: value
        for key, value in settings.items()
        if key != "lr" and (key not in defaults or value != defaults[key])
    }
    arguments = [f"{key}={literal(value)}" for key, value in ({"lr": spec.lr} | given).items()]
    made = f"torch.optim.{spec.torch_name}" if spec.torch_name else type(spec).__name__
    lines = call(f"optimizer = {made}", ["network.parameters()", *arguments], WIDTH)
    return [*([] if spec.torch_name else [_class(spec)]), "\n".join(lines)]


def _rule(spec: OptimizerBase) -> UpdateRule:
    """Return an optimizer's rule.

    Raises:
        EpochalError: It has none.
    """
    if not isinstance(spec.update, UpdateRule):
        name = type(spec).model_fields["name"].default
        raise EpochalError(f"optimizer.name: no program can be written for {name!r}")
    return spec.update


def _class(spec: OptimizerBase) -> str:
    """Return a class of an optimizer that computes the rule."""
    rule, about = _rule(spec), (type(spec).__doc__ or "").split("\n")[0]
    kept = [f"{name} = state[{label!r}]".replace("'", '"') for name, label in rule.state.items()]
    start = [
        f'state["{label}"] = torch.full_like(w, {rule.starts[name]})'
        if name in rule.starts
        else f'state["{label}"] = torch.zeros_like(w)'
        for name, label in rule.state.items()
    ]
    if rule.counts_steps:
        start.append('state["step"] = 0')
        kept += ['state["step"] += 1', 't = state["step"]']
    begins = ["if not state:", *(f"    {line}" for line in start)] if start else []
    body = [
        *(f'{name} = group["{name}"]' for name in rule.settings),
        'for w in group["params"]:',
        "    g, state = w.grad, self.state[w]" if start else "    g = w.grad",
        *(f"    {line}" for line in (*begins, *kept, *rule.python({}))),
    ]
    return "\n".join(
        [
            f"class {type(spec).__name__}(torch.optim.Optimizer):",
            f'    """{about}"""',
            "",
            "    def __init__(self, parameters, **settings):",
            "        super().__init__(parameters, settings)",
            "",
            "    @torch.no_grad()",
            "    def step(self):",
            '        """Update every parameter w by its gradient g."""',
            "        for group in self.param_groups:",
            *(f"            {line}" for line in body),
        ]
    )
