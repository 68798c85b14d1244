"""One gradient computed in every way there is: same weights, same batch, and how far apart.

Autograd is what the others are held against. What they may differ by is what their precision
explains:

    manual    in float64 1e-10 of the whole gradient's norm: nothing but the order of the sums
    numeric   in float64 1e-6 of it: the error of a difference, see ``engine.gradients.numeric``
    both      in float32 more, by as much as float32 keeps autograd itself from its own float64

A difference that is larger is looked into before it counts. At a kink, such as that of a ReLU at
0, the loss has a slope on either side; autograd takes one of them or what lies between, and a
central difference the mean. Where the loss bends within the step, or is rounded, as the logarithm
of a probability next to 1 is, steps of other sizes give other differences, and none is evidence.
Rows whose probability is so near to 0 or 1 that PyTorch holds their derivative back are left out,
and the two must agree on the others.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Iterator
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..errors import EpochalError, RequestError
from ..experiment.experiment import Experiment
from ..gradients import choice as methods
from ..gradients.method import Method, Workload
from ..gradients.numeric import batch_of
from ..step.batches import Batch
from ..step.measurements import Measurements
from ..training.trainer import Trainer
from .comparison import REFERENCE, Agreement, Comparison, Difference, ParameterDifferences
from .loss_around import BOUNDS, ROUNDING, Array, Gradient, LossAround, margin_of, norm_of
from .single_network import alone, make_workload

SINGLE: Final = 1e-5
"""What any may differ by in float32, where autograd itself is nearer to its float64."""

UNRESOLVED: Final = 1e-3
"""From this share of a small gradient on, its differences are called unresolved."""

NEAR: Final = 1e-8
"""Where p (1 - p) of a probability p is less, its logarithm is too rounded for differences, and
PyTorch's binary cross-entropy soon holds its derivative back: it divides by no less than 1e-12."""

HELD_BACK: Final = (
    "a probability so near to 0 or 1 that its logarithm is rounded and PyTorch holds its "
    "derivative back"
)

MOST_WORK: Final = 2e11
"""Multiplications that numeric gradients may take: half a minute."""

REPEATS: Final = 20
"""How often a step is timed at most."""
PATIENCE: Final = 0.5
"""Seconds after which it is timed no more."""


def check(experiment: Experiment, step: int = 1, *, allow_code: bool = False) -> list[Comparison]:
    """Compare the methods, in the experiment's own precision and in float64.

    Args:
        experiment: Of a population the first member is taken.
        step: Whose gradient: it belongs to the network after ``step - 1`` updates.
        allow_code: Whether a network of one's own may be run.

    Raises:
        RequestError: The run ends before that step.
        CodeError: A network of one's own may not be run, or does not work.
    """
    spec = alone(experiment)
    gradients = _Gradients(spec, _weights_before(spec, step, allow_code), step, allow_code)
    return [gradients.compare(dtype) for dtype in dict.fromkeys([spec.train.dtype, "float64"])]


def _weights_before(spec: Experiment, step: int, allow_code: bool) -> Array | None:
    """Return the weights that a step begins with, [numbers]; none where they are untrained."""
    if step == 1:
        return None
    trainer = Trainer(alone(spec, gradients="auto"), device="cpu", allow_code=allow_code)
    while trainer.step < step - 1 and trainer.outcome is None:
        trainer.advance(step - 1 - trainer.step)
    if trainer.step < step - 1 or (trainer.outcome and trainer.step < step):
        raise RequestError(f"--step {step}: the run ends at step {trainer.step}")
    weights: Array = trainer.snapshot().values[0].astype(np.float64)
    return weights


class _Gradients:
    """The gradients of one step, computed once for each method and precision."""

    def __init__(
        self, spec: Experiment, weights: Array | None, step: int, allow_code: bool
    ) -> None:
        self._spec, self._weights, self._step = spec, weights, step
        self._allow_code = allow_code
        self._names = [name for name in methods.METHODS if name not in ("auto", REFERENCE)]
        self._computed: dict[tuple[str, str], Gradient] = {}
        self._shapes: dict[str, tuple[int, ...]] = {}
        """Every parameter's name and shape, once a gradient was computed."""
        self._exact = self._gradient(REFERENCE, "float64")
        """What float32 is measured by."""

    def compare(self, dtype: str) -> Comparison:
        """Compare the methods in one precision."""
        reference = self._gradient(REFERENCE, dtype)
        others, refused = {}, {}
        for name in self._names:
            try:
                others[name] = self._gradient(name, dtype)
            except EpochalError as error:
                refused[name] = str(error)
        return Comparison(
            dtype=dtype,
            step=self._step,
            loss=reference.loss,
            rows=list(self._rows(reference, others)),
            seconds={name: each.seconds for name, each in {REFERENCE: reference, **others}.items()},
            refused=refused,
            verdicts=[self._agreement(name, dtype, each) for name, each in others.items()],
            notes=list(self._notes(dtype, reference, others)),
        )

    def _gradient(self, name: str, dtype: str) -> Gradient:
        """Return what a method gives for the one step, on weights of its own."""
        if (name, dtype) not in self._computed:
            self._computed[name, dtype] = self._compute(name, dtype)
        return self._computed[name, dtype]

    def _compute(self, name: str, dtype: str) -> Gradient:
        spec = alone(self._spec, gradients=name)
        number = getattr(torch, dtype)
        workload = make_workload(spec, number, self._weights, allow_code=self._allow_code)
        if name == "numeric":
            _refuse_too_much(spec, workload.layout.positions.size)
        self._shapes = workload.layout.parameters
        rows = Measurements(workload.layout, workload.weights)
        method, _ = methods.make_method(workload)
        start = workload.weights.clone()
        seconds = [_timed(method, self._step, rows)]
        parts = workload.layout.parameter_slices(rows.gradients[0])
        values = torch.cat([part.flatten() for part in parts]).double().numpy().copy()
        loss = float(rows.loss[0])
        # The first step also makes what later ones use again.
        while sum(seconds) < PATIENCE and len(seconds) <= REPEATS:
            method.weights.copy_(start)
            seconds.append(_timed(method, self._step, rows))
        return Gradient(loss, values, statistics.median(seconds[1:] or seconds))

    def _parts(self) -> Iterator[tuple[str, slice]]:
        """Yield every parameter's name and its place in a gradient."""
        ends = np.cumsum([math.prod(shape) for shape in self._shapes.values()]).tolist()
        for name, start, stop in zip(self._shapes, [0, *ends], ends, strict=False):
            yield name, slice(start, stop)

    def _rows(
        self, reference: Gradient, others: dict[str, Gradient]
    ) -> Iterator[ParameterDifferences]:
        whole = norm_of(reference.values)
        for name, place in [*self._parts(), ("all", slice(None))]:
            part = reference.values[place]
            parts = {key: each.values[place] for key, each in others.items()}
            apart = {key: _difference(part, each, whole) for key, each in parts.items()}
            yield ParameterDifferences(name=name, norm=norm_of(part), differences=apart)

    def _agreement(self, name: str, dtype: str, gradient: Gradient) -> Agreement:
        """Return whether a method's differences are what its precision explains."""
        reference = self._gradient(REFERENCE, dtype)
        finite = np.isfinite(reference.values)
        if not finite.all():
            alike = bool(np.array_equal(finite, np.isfinite(gradient.values)))
            where = "the same places" if alike else "other places"
            words = f"autograd's gradient is not finite; {name}'s is not in {where}"
            return Agreement(method=name, holds=alike, words=words)
        whole = norm_of(reference.values)
        bound = self._bound(name, dtype)
        floor = ROUNDING * max(1.0, abs(reference.loss)) if name == "numeric" else 0.0
        apart = np.abs(gradient.values - reference.values)
        worst = float(apart.max())
        share = worst / whole if whole else worst
        said = f"within {share:.0e} of the whole gradient's norm" if whole else "all 0"
        wrong = np.flatnonzero(~(apart <= bound * whole + floor))
        if not len(wrong):
            words = f"{name} agrees with autograd {said}" if worst else f"{name} is autograd's"
            return Agreement(method=name, holds=True, words=words)
        where = f"in {len(wrong)} of {len(apart)} numbers, by up to {share:.0e} of the whole norm"
        cause = self._cause(wrong, apart[wrong]) if name == "numeric" else ""
        if cause:
            return Agreement(method=name, holds=True, words=f"{name} differs {where}: {cause}")
        words = f"{name} DISAGREES with autograd {where}; {bound:.0e} would be explained"
        return Agreement(method=name, holds=False, words=words)

    def _bound(self, name: str, dtype: str) -> float:
        if dtype == "float64":
            return BOUNDS[name]
        exact, single = self._exact.values, self._gradient(REFERENCE, dtype).values
        whole = norm_of(exact)
        rounding = float(np.abs(single - exact).max()) / whole if whole else 0.0
        return max(SINGLE, 10 * rounding)

    def _cause(self, which: NDArray[np.int64], apart: Array) -> str:
        """Return why differences are not autograd's gradient at some weights; empty where unknown.

        Args:
            which: The places of the weights.
            apart: How far the two are apart there.
        """
        spec, weights = self._spec, self._weights
        workload = make_workload(spec, torch.float64, weights, allow_code=self._allow_code)
        batch = batch_of(workload.batches.at(self._step), 0)
        there = self._comparable(workload, batch)
        held = int((~there).sum())
        if not held:
            return LossAround(workload, self._step, batch).cause(which, apart, self._exact)
        said = f"{held} of {len(there)} rows have {HELD_BACK}"
        if held == len(there):
            return f"{said}; there are no others to compare on"
        # What is wrong on all rows alike is wrong on the others too, and seen there.
        rest = Batch(batch.inputs[:, there], batch.targets[:, there])
        place = LossAround(workload, self._step, rest)
        exact = place.gradient()
        if not np.isfinite(exact.values).all():
            return ""
        apart = np.abs(place.differences(which) - exact.values[which])
        wrong = ~(apart <= margin_of(exact))
        agree = not wrong.any() or place.cause(which[wrong], apart[wrong], exact)
        return f"{said}; on the others the two agree" if agree else ""

    def _comparable(self, workload: Workload, batch: Batch) -> Tensor:
        """Return which rows' probabilities are not next to 0 or 1, [rows]; all of other losses."""
        rows = batch.inputs.shape[1]
        if self._spec.loss.outputs != "probability":
            return torch.ones(rows, dtype=torch.bool)
        workload.network.begin(self._step)
        with torch.no_grad():
            p: Tensor = workload.network(batch.inputs)[0, :, 0]
        return p * (1 - p) >= NEAR

    def _notes(self, dtype: str, reference: Gradient, others: dict[str, Gradient]) -> Iterator[str]:
        """Say what the table alone might mislead about."""
        whole = norm_of(reference.values)
        small = []
        for name, place in self._parts():
            norm, exact = norm_of(reference.values[place]), norm_of(self._exact.values[place])
            if dtype != "float64" and exact > 0 and norm == 0:
                yield f"{name}: its gradient of {exact:.1e} is 0 in {dtype}: underflow"
            if "numeric" in others and 0 < norm <= 1e-4 * whole:
                apart = np.abs(others["numeric"].values[place] - reference.values[place]).max()
                small += [name] if apart > UNRESOLVED * norm else []
        if small:
            yield (
                f"{', '.join(small)}: too small beside the whole gradient for differences to "
                "resolve; their own relative figures under numeric say nothing"
            )
        if not whole:
            yield "every gradient is exactly 0: nothing would be learned"


def _refuse_too_much(spec: Experiment, numbers: int) -> None:
    work = 4.0 * numbers * numbers * spec.batch_rows
    if work > MOST_WORK:
        raise RequestError(
            f"{numbers} numbers take two forward passes each, which is too much here; "
            "a smaller train.batch_size or network would do"
        )


def _timed(method: Method, step: int, rows: Measurements) -> float:
    start = time.perf_counter()
    method.take(step, 1, rows)
    return time.perf_counter() - start


def _difference(reference: Array, gradient: Array, whole: float) -> Difference:
    with np.errstate(invalid="ignore"):
        absolute = float(np.abs(gradient - reference).max(initial=0.0))
    of_own, of_all = (
        absolute / norm if norm else (math.inf if absolute else 0.0)
        for norm in (norm_of(reference), whole)
    )
    return Difference(absolute=absolute, of_own=of_own, of_all=of_all)
