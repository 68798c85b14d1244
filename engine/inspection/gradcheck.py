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
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..errors import EpochalError, RequestError
from ..experiment.experiment import Experiment
from ..gradients import choice as methods
from ..gradients.method import Method, Workload
from ..gradients.numeric import Differences, only
from ..step.batches import Batch
from ..step.evaluation import loss_function
from ..step.measurements import Measurements
from ..text.tables import aligned
from ..training.trainer import Trainer
from .single_network import CPU, alone, make_workload

REFERENCE: Final = "autograd"
"""What the others are held against."""

BOUNDS: Final = {"manual": 1e-10, "numeric": 1e-6}
"""What a method may differ by in float64, of the whole gradient's norm."""

SINGLE: Final = 1e-5
"""What any may differ by in float32, where autograd itself is nearer to its float64."""

ROUNDING: Final = 1e-9
"""Below this share of the loss (at least 1) a difference of two losses in float64 resolves no
slope: their rounding, over the step between them."""

UNRESOLVED: Final = 1e-3
"""From this share of a small gradient on, its differences are called unresolved."""

OTHERS: Final = (1 / 16, 1 / 4, 1.0, 4.0, 16.0)
"""The shares of the usual step whose differences show whether any of them can be trusted."""

SCATTER: Final = (
    "smaller and larger steps give differences about as far apart, so the loss bends or is "
    "rounded too much there for any of them"
)

KINK: Final = (
    "at a kink, such as that of a ReLU at 0, where the loss has a slope on either side and "
    "autograd takes one of them"
)

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

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Difference:
    """How far one parameter's gradient is from autograd's."""

    absolute: float
    """The largest difference of a number."""
    of_own: float
    """The same over the norm of the parameter's gradient."""
    of_all: float
    """The same over the norm of the whole gradient."""


@dataclass(frozen=True, kw_only=True)
class ParameterDifferences:
    """One parameter, or all of them."""

    name: str
    norm: float
    """Of autograd's gradient."""
    differences: dict[str, Difference]
    """By method."""


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """What the differences of one method mean."""

    method: str
    holds: bool
    """Whether they are no more than its precision explains."""
    words: str


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """All methods in one precision."""

    dtype: str
    step: int
    """Whose gradient it is."""
    loss: float
    rows: list[ParameterDifferences]
    """Every parameter, and last all of them."""
    seconds: dict[str, float]
    """What a step takes, by method."""
    refused: dict[str, str]
    """Why a method has no gradient, by method."""
    verdicts: list[Agreement]
    notes: list[str] = field(default_factory=list)
    """What else is worth knowing."""

    @property
    def holds(self) -> bool:
        """Whether all methods agree."""
        return all(verdict.holds for verdict in self.verdicts)


@dataclass(frozen=True, eq=False)
class Gradient:
    """What one method gave."""

    loss: float
    values: Array
    """[parameters], those of all layers."""
    seconds: float


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
    weights = _weights_before(spec, step, allow_code)
    inspection = _Inspection(spec, weights, step, allow_code)
    return [inspection.compare(dtype) for dtype in dict.fromkeys([spec.train.dtype, "float64"])]


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


class _Inspection:
    """The gradients of one step, computed once for each method and precision."""

    def __init__(
        self, spec: Experiment, weights: Array | None, step: int, allow_code: bool
    ) -> None:
        self._spec, self._weights, self._step = spec, weights, step
        self._allow_code = allow_code
        self._names = [name for name in methods.METHODS if name not in ("auto", REFERENCE)]
        self._known: dict[tuple[str, str], Gradient] = {}
        self._exact = self._gradient(REFERENCE, "float64")
        """What float32 is measured by."""

    def compare(self, dtype: str) -> Comparison:
        """Compare the methods in one precision."""
        reference = self._gradient(REFERENCE, dtype)
        found, refused = {}, {}
        for name in self._names:
            try:
                found[name] = self._gradient(name, dtype)
            except EpochalError as error:
                refused[name] = str(error)
        return Comparison(
            dtype=dtype,
            step=self._step,
            loss=reference.loss,
            rows=list(self._rows(reference, found)),
            seconds={name: each.seconds for name, each in {REFERENCE: reference, **found}.items()},
            refused=refused,
            verdicts=[self._agreement(name, dtype, reference, own) for name, own in found.items()],
            notes=list(self._notes(dtype, reference, found)),
        )

    def _gradient(self, name: str, dtype: str) -> Gradient:
        """Return what a method gives for the one step, on weights of its own."""
        if (name, dtype) not in self._known:
            self._known[name, dtype] = self._computed(name, dtype)
        return self._known[name, dtype]

    def _computed(self, name: str, dtype: str) -> Gradient:
        spec = alone(self._spec, gradients=name)
        number = getattr(torch, dtype)
        workload = make_workload(spec, number, self._weights, allow_code=self._allow_code)
        if name == "numeric":
            _refuse_too_much(spec, workload.layout.positions.size)
        rows = Measurements(
            _Shapes(workload.layout.shapes, workload.layout.parameters), 1, CPU, number
        )
        method, start = methods.make_method(workload), workload.weights.clone()
        seconds = [_timed(method, self._step, rows)]
        parts = workload.layout.slices(rows.gradients[0])[: workload.layout.parameters]
        values = torch.cat([part.flatten() for part in parts]).double().numpy().copy()
        loss = float(rows.loss[0])
        # The first step also makes what later ones use again.
        while sum(seconds) < PATIENCE and len(seconds) <= REPEATS:
            method.weights.copy_(start)
            seconds.append(_timed(method, self._step, rows))
        return Gradient(loss, values, statistics.median(seconds[1:] or seconds))

    def _parts(self) -> Iterator[tuple[str, slice]]:
        """Yield every parameter's name and its place in a gradient."""
        start = 0
        workload = make_workload(self._spec, torch.float64, allow_code=self._allow_code)
        for name, shape in list(workload.layout.shapes.items())[: workload.layout.parameters]:
            stop = start + math.prod(shape)
            yield name, slice(start, stop)
            start = stop

    def _rows(
        self, reference: Gradient, found: dict[str, Gradient]
    ) -> Iterator[ParameterDifferences]:
        whole = _norm(reference.values)
        for name, place in [*self._parts(), ("all", slice(None))]:
            own = reference.values[place]
            yield ParameterDifferences(
                name=name,
                norm=_norm(own),
                differences={
                    method: _difference(own, each.values[place], whole)
                    for method, each in found.items()
                },
            )

    def _agreement(self, name: str, dtype: str, reference: Gradient, found: Gradient) -> Agreement:
        """Return whether a method's differences are what its precision explains."""
        finite = np.isfinite(reference.values)
        if not finite.all():
            alike = bool(np.array_equal(finite, np.isfinite(found.values)))
            where = "the same places" if alike else "other places"
            words = f"autograd's gradient is not finite; {name}'s is not in {where}"
            return Agreement(method=name, holds=alike, words=words)
        whole = _norm(reference.values)
        bound = self._bound(name, dtype)
        floor = ROUNDING * max(1.0, abs(reference.loss)) if name == "numeric" else 0.0
        apart = np.abs(found.values - reference.values)
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
        whole = _norm(exact)
        own = float(np.abs(single - exact).max()) / whole if whole else 0.0
        return max(SINGLE, 10 * own)

    def _cause(self, which: NDArray[np.int64], apart: Array) -> str:
        """Return why differences are not autograd's gradient at some weights; empty where unknown.

        Args:
            which: The places of the weights.
            apart: How far the two are apart there.
        """
        workload = make_workload(
            self._spec, torch.float64, self._weights, allow_code=self._allow_code
        )
        batch = only(workload.batches.at(self._step), 0)
        there = self._comparable(workload, batch)
        held = int((~there).sum())
        if not held:
            return _Place(workload, self._step, batch).cause(which, apart, self._exact)
        said = f"{held} of {len(there)} rows have {HELD_BACK}"
        if held == len(there):
            return f"{said}; there are no others to compare on"
        # What is wrong on all rows alike is wrong on the others too, and seen there.
        rest = Batch(batch.inputs[:, there], batch.targets[:, there])
        place = _Place(workload, self._step, rest)
        exact = place.gradient()
        if not np.isfinite(exact.values).all():
            return ""
        apart = np.abs(place.differences(which) - exact.values[which])
        wrong = ~(apart <= _spare(exact))
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

    def _notes(self, dtype: str, reference: Gradient, found: dict[str, Gradient]) -> Iterator[str]:
        """Say what the table alone might mislead about."""
        whole = _norm(reference.values)
        small = []
        for name, place in self._parts():
            own, exact = _norm(reference.values[place]), _norm(self._exact.values[place])
            if dtype != "float64" and exact > 0 and own == 0:
                yield f"{name}: its gradient of {exact:.1e} is 0 in {dtype}: underflow"
            if "numeric" in found and 0 < own <= 1e-4 * whole:
                apart = np.abs(found["numeric"].values[place] - reference.values[place]).max()
                small += [name] if apart > UNRESOLVED * own else []
        if small:
            yield (
                f"{', '.join(small)}: too small beside the whole gradient for differences to "
                "resolve; their own relative figures under numeric say nothing"
            )
        if not whole:
            yield "every gradient is exactly 0: nothing would be learned"


class _Place:
    """The loss around some weights, as some rows see it."""

    def __init__(self, workload: Workload, step: int, batch: Batch) -> None:
        self._trainee, self._step, self._batch = workload, step, batch
        self._around = Differences(workload, 0)
        self._weights = self._around.weights(workload.weights)

    def gradient(self) -> Gradient:
        """Return autograd's gradient there."""
        network, spec = self._trainee.network, self._trainee.experiment.loss
        network.begin(self._step)
        loss = loss_function(spec)(network(self._batch.inputs), self._batch.targets).sum()
        parts = torch.autograd.grad(loss, list(network.learned), materialize_grads=True)
        values = torch.cat([part.flatten() for part in parts]).double().numpy()
        return Gradient(float(loss.detach()), values, 0.0)

    def differences(self, which: NDArray[np.int64], share: float = 1.0) -> Array:
        """Return the slope in some weights, by differences over a share of the usual step."""
        places = torch.from_numpy(which)
        found = self._around.central(self._step, self._weights, self._batch, places, share)
        values: Array = found.numpy()
        return values

    def cause(self, which: NDArray[np.int64], apart: Array, reference: Gradient) -> str:
        """Return whether a kink, or what differences cannot resolve, explains how far they are.

        Args:
            which: The places of the weights.
            apart: How far differences and autograd are apart there.
            reference: Autograd's gradient.
        """
        exact, spare = reference.values[which], _spare(reference)
        around = [self.differences(which, share) for share in OTHERS]
        scatters = np.ptp(around, axis=0) >= apart / 4
        below, above = (
            each.numpy()
            for each in self._around.slopes(
                self._step, self._weights, self._batch, torch.from_numpy(which)
            )
        )
        low, high = np.minimum(below, above), np.maximum(below, above)
        kinks = (low - spare <= exact) & (exact <= high + spare) & (high - low > 2 * spare)
        if scatters.all():
            return SCATTER
        return KINK if (scatters | kinks).all() else ""


def _spare(gradient: Gradient) -> float:
    """Return by how much differences in float64 may miss a gradient."""
    return BOUNDS["numeric"] * _norm(gradient.values) + ROUNDING * max(1.0, abs(gradient.loss))


class _Shapes:
    """A network's names and shapes, taken from its layout."""

    def __init__(self, shapes: dict[str, tuple[int, ...]], parameters: int) -> None:
        named = list(shapes.items())
        self.shapes, self.buffers = dict(named[:parameters]), dict(named[parameters:])


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


def _norm(values: Array) -> float:
    """Return the L2 norm, which squares cannot make 0 or infinite."""
    largest = float(np.abs(values).max(initial=0.0))
    if not (0 < largest < math.inf):
        return largest
    return largest * float(np.linalg.norm(values / largest))


def _difference(own: Array, found: Array, whole: float) -> Difference:
    with np.errstate(invalid="ignore"):
        absolute = float(np.abs(found - own).max(initial=0.0))
    norm = _norm(own)
    return Difference(
        absolute=absolute,
        of_own=_share(absolute, norm),
        of_all=_share(absolute, whole),
    )


def _share(part: float, whole: float) -> float:
    if not part:
        return 0.0
    return part / whole if whole else math.inf


# --- in words ----------------------------------------------------------------------------------


def text(comparison: Comparison) -> str:
    """Return a comparison as a table with its verdicts."""
    names = list(comparison.rows[0].differences)
    head, below = ["", "autograd"], ["parameter", "norm"]
    for name in names:
        head += [name, "", ""]
        below += ["differs by", "of own", "of all"]
    table = [head, below]
    for row in comparison.rows:
        cells = [row.name, _figure(row.norm)]
        for name in names:
            each = row.differences[name]
            cells += [_figure(each.absolute), _figure(each.of_own), _figure(each.of_all)]
        table.append(cells)
    times = ["time a step", _duration(comparison.seconds[REFERENCE])]
    for name in names:
        times += [_duration(comparison.seconds[name]), "", ""]
    table.append(times)
    title = f"{comparison.dtype}, step {comparison.step}: loss {comparison.loss:.6g}"
    lines = [title, "", *aligned(table, numbers=True), ""]
    lines += [f"{verdict.words}." for verdict in comparison.verdicts]
    lines += [f"{name}: none: {why}" for name, why in comparison.refused.items()]
    lines += [f"note: {note}." for note in comparison.notes]
    return "\n".join(lines)


def plain_object(comparison: Comparison) -> dict[str, Any]:
    """Return a comparison for ``--json``: numbers that are not finite are null."""
    return {
        "dtype": comparison.dtype,
        "step": comparison.step,
        "loss": _json(comparison.loss),
        "holds": comparison.holds,
        "parameters": [
            {
                "name": row.name,
                "norm": _json(row.norm),
                "differences": {
                    method: {key: _json(value) for key, value in vars(each).items()}
                    for method, each in row.differences.items()
                },
            }
            for row in comparison.rows
        ],
        "seconds": comparison.seconds,
        "refused": comparison.refused,
        "verdicts": [vars(verdict) for verdict in comparison.verdicts],
        "notes": comparison.notes,
    }


def _json(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _figure(value: float) -> str:
    if value == 0:
        return "0"
    return f"{value:.1e}" if not 1e-3 <= abs(value) < 1e4 else f"{value:.4g}"


def _duration(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-6:.2g} µs"
