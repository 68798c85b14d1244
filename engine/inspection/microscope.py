"""The gradient microscope: one update of a small network taken apart.

    x ─► z1 = W1 x + b1 ─► h1 = f(z1) ─► z2 … ─► y ─► loss
         gW1 = dz1 xᵀ   ◄─ dz1 = dh1 f'(z1) ◄─ …   ◄─ dy

Every number comes from the formulas of ``engine.gradients.manual``, one layer after another, with
autograd's beside it. All of it is computed in float64, from the weights that were recorded. As a
program, ``python -m engine.inspection.microscope FOLDER STEP [MEMBER]``, it prints one line of
JSON for a viewer.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from numpy.typing import ArrayLike
from torch import Tensor

from ..errors import EpochalError, RequestError, RunError
from ..experiment.experiment import Experiment
from ..gradients.autograd import Autograd
from ..results.run import of_folder
from ..runs.folder import RunFolder
from ..step.measurements import Measurements
from .backward_pass import backward_quantities
from .dissection import DissectedQuantity, Dissection, Origin
from .forward_pass import forward_quantities
from .single_network import alone, make_workload
from .update_pass import UpdatePass, corner, named_parameters


def dissect(
    experiment: Experiment,
    weights: ArrayLike | None,
    step: int,
    *,
    lr: float | None = None,
    after: ArrayLike | None = None,
) -> Dissection:
    """Take one update apart.

    Args:
        experiment: What is trained; of a population, its first member.
        weights: Parameters and buffers after ``step - 1`` updates, [numbers] as in a recording;
            None for the untrained network.
        step: Which update.
        lr: The learning rate it has; what the experiment begins with where left out.
        after: Parameters and buffers after it, where they are known.

    Raises:
        RequestError: The network is one of one's own or has listed layers: no formulas here.
    """
    spec = alone(experiment)
    if spec.model.kind != "mlp" or spec.model.layers:
        own = spec.model.kind != "mlp"
        what = "this one is a module of one's own." if own else "these are listed in model.layers."
        raise RequestError(f"The microscope takes the dense layers of model.hidden apart; {what}")
    workload = make_workload(spec, torch.float64, weights)
    before = {name: value.clone() for name, value in named_parameters(workload).items()}
    origin: Origin = "recorded" if after is not None else ""
    changed = {} if after is None else named_parameters(make_workload(spec, torch.float64, after))
    updated, used_lr = _update(spec, weights, step, lr)
    if step == 1 or (_repeats(spec) and lr is not None):
        origin, changed = "computed", updated
    whole = UpdatePass(workload, step)
    both = (*forward_quantities(whole), *backward_quantities(whole))
    return Dissection(
        step=step,
        rows=whole.rows,
        loss=whole.loss,
        lr=used_lr,
        optimizer=spec.optimizer.name,
        plain=_is_plain(spec),
        origin=origin,
        difference=whole.difference,
        quantities=tuple(_with_update(each, before, changed) for each in both),
    )


def _repeats(spec: Experiment) -> bool:
    """Return whether an update depends on nothing but the gradient and the learning rate."""
    return spec.optimizer.states == 0 and spec.train.zero_grad


def _is_plain(spec: Experiment) -> bool:
    """Return whether a parameter loses lr times its gradient, and nothing else."""
    train = spec.train
    clips = train.clip_norm is not None or train.clip_value is not None
    regularised = spec.optimizer.weight_decay or spec.optimizer.l1
    return _repeats(spec) and not clips and not regularised


def _update(
    spec: Experiment, weights: ArrayLike | None, step: int, lr: float | None
) -> tuple[dict[str, Tensor], float]:
    """Return the parameters after an update by a fresh optimizer, and its learning rate."""
    workload = make_workload(spec, torch.float64, weights)
    method = Autograd(workload)
    if lr is not None:
        method.set_lr(lr)
    used = float(method.lr[0])
    method.take(step, 1, Measurements(workload.layout, workload.weights))
    return named_parameters(workload), used


def _with_update(
    quantity: DissectedQuantity, before: Mapping[str, Tensor], after: Mapping[str, Tensor]
) -> DissectedQuantity:
    """Return the gradient of a parameter together with the parameter; all else as it is."""
    if not quantity.name:
        return quantity
    changed = corner(after[quantity.name]) if after else ()
    return replace(quantity, before=corner(before[quantity.name]), after=changed)


# --- from a recording ---------------------------------------------------------------------------


def of_run(folder: Path, step: int, member: int = 0) -> Dissection:
    """Take an update of a recorded run apart.

    Args:
        folder: The run's.
        step: Which update; where the weights before it were not kept, the last one before it
            whose were.
        member: Which network of a population.

    Raises:
        RunError: No weights were kept.
        RequestError: The network is one of one's own.
    """
    run = of_folder(RunFolder(folder))
    kept = run.history.snapshot(max(step, 1) - 1)
    if kept is None:
        why = "the network is too large for that."
        raise RunError(f"The recording holds no weights at this step: {why}")
    shown = kept.step + 1
    after = run.history.snapshot(shown)
    rows = run.history.series.get("train")
    recorded = rows is not None and "lr" in rows.columns and rows.count and rows.last_step >= shown
    return dissect(
        alone(run.experiment, member),
        kept.values[member],
        shown,
        lr=rows.value("lr", shown, member) if rows is not None and recorded else None,
        after=after.values[member] if after is not None and after.step == shown else None,
    )


def main(arguments: Sequence[str]) -> int:
    """Print a dissection as one line; the exit status is 2 where there is none."""
    folder, step, *member = arguments
    torch.set_num_threads(1)
    try:
        print(of_run(Path(folder), int(step), *map(int, member)).line())
    except EpochalError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
