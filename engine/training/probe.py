"""The probe: what is measured of the network itself, beside its training, at some of its steps.

    weight_norm/<parameter>     the L2 norm of a parameter
    update_ratio/<parameter>    the norm of its last update over that of itself
    dead/layerK                 the share of its units whose slope is 0 on every probe row
    saturated/layerK            the share of its units whose mean slope is next to nothing

A unit of a convolution is a channel, with a slope for every place of a picture.

A row at step s shows the network after update s. All rows of a block are measured together at its
end, from the weights that the block keeps, as networks side by side: that is what makes it cheap.
It draws none of training's random numbers and changes nothing that training reads.

It does not know why the numbers are wanted, nor which of them are good.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..components.activations import ACTIVATIONS, SATURATED
from ..errors import RunError
from ..experiment.experiment import Experiment, Members
from ..experiment.layers import Normalisation, PlannedLayer
from ..gradients.compiled.method import Compiled
from ..gradients.compiled.probe import CompiledProbe
from ..gradients.method import Method
from ..network.module import EPSILON, convolved, make_activation, make_layer, spread
from ..network.parameters import ParameterLayout
from ..randomness import generator
from ..recording.events import Series
from ..recording.values import Values
from ..step.batches import Batch, to_batch
from ..step.measurements import Measurements, norms_of
from ..text.safe import plain
from .probe_steps import LEAST, PER_OCTAVE, ProbeSteps, fitting
from .reckoning import measurement_seconds, products, step_seconds

MOST_ROWS: Final = 256
"""Rows of data on which it is asked whether a unit is dead, at most."""

MEAN_ROWS: Final = 64
"""Rows that do where only means of slopes are wanted."""

ROWS_UNIT: Final = 32
"""What their number is a multiple of: PyTorch computes the rest of a vector in another way, and
then the bits of a network would depend on its neighbours."""

CHEAP: Final = 2**20
"""Multiplications that one measurement may take in any case; a network that would take more is
measured on as many rows as its batches have."""

CHUNK_STEPS: Final = 16
"""Steps that are measured at a time."""

CHUNK_NUMBERS: Final = 2**21
"""Weights and slopes that are held at a time: a large network is measured step by step."""

AT_ONCE: Final = 2**16
"""Numbers of a network up to which all its parameters go to float64 in one call."""

LARGE: Final = 100_000
"""Products of a row beyond which a network is measured as seldom as any: it takes most of a step's
time, and who waits for its first steps feels each."""

TIME_SHARE: Final = 0.025
"""What it may take of a run's time, as it is reckoned: what it pushes out of the cache, and lines
of the recording, make it up to 5 %."""


def fixed_rows(
    members: Members, whole: Batch | None, device: torch.device, dtype: torch.dtype
) -> Batch:
    """Return rows that stand for the data, the same all along: evenly spaced training rows.

    Where every step draws fresh rows, they are drawn once, from a stream of their own. Where the
    training set has fewer than are wanted, some are taken twice.
    """
    wanted = _row_count(members[0])
    if whole is None:
        drawn = zip(members, [generator(each.train.seed, "probe") for each in members], strict=True)
        parts = [each.data.draw_fresh(stream, wanted) for each, stream in drawn]
        return to_batch(members[0], parts, device, dtype)
    index = torch.arange(wanted, device=device) * whole.inputs.shape[1] // wanted
    return Batch(whole.inputs[:, index], whole.targets[:, index])


def _row_count(experiment: Experiment) -> int:
    dies = any(ACTIVATIONS[name].traits.dies for name in experiment.model.activations[:-1])
    cheap = CHEAP // max(1, products(experiment))
    wanted = min(MOST_ROWS if dies else MEAN_ROWS, max(experiment.batch_rows, cheap))
    if not experiment.data.fresh:
        wanted = min(wanted, experiment.data.sizes[0])
    return -(-wanted // ROWS_UNIT) * ROWS_UNIT


def recorded_steps(run: str, said: int, experiment: Experiment) -> ProbeSteps:
    """Return at which steps a recorded run is measured.

    Args:
        run: Its name.
        said: How often each time its step doubles, as its recording says; 0 in those of before it
            was recorded.
        experiment: What it trained.

    Raises:
        RunError: It says what no run is.
    """
    # A power of two, or nothing between it and the next is evenly apart.
    if not 0 <= said <= PER_OCTAVE or said & (said - 1):
        often = f"cannot be probed {said} times each time its step doubles, as it says it was"
        raise RunError(f"{plain(run)}: {often}; that is 1, 2, 4, 8 or {PER_OCTAVE}")
    every = experiment.train.probe
    if said:
        return ProbeSteps(every, said, experiment.steps)
    return ProbeSteps(every, LEAST if products(experiment) > LARGE else PER_OCTAVE)


def _steps_of(experiment: Experiment, rows: int, units: int) -> ProbeSteps:
    """Return at which steps an experiment is measured.

    Reckoned and not timed: the same run has the same rows on every machine.
    """
    share = step_seconds(experiment) / measurement_seconds(experiment, rows, units)
    often = fitting(experiment.steps, TIME_SHARE * experiment.steps * share)
    large = products(experiment) > LARGE
    return ProbeSteps(experiment.train.probe, LEAST if large else often, experiment.steps)


class Probe:
    """Measures the network at the steps that ``train.probe`` names.

    Args:
        experiment: What is trained, and how often it is measured.
        layout: Where its parameters lie.
        inputs: The rows its slopes are measured on, [members, rows, features].
        steps: When; as often as takes little of the run's time where left out.
    """

    def __init__(
        self,
        experiment: Experiment,
        layout: ParameterLayout,
        inputs: Tensor,
        steps: ProbeSteps | None = None,
    ) -> None:
        self._norms, self._slopes = Norms(layout), Slopes(experiment, layout, inputs)
        self.steps: Final = steps or _steps_of(experiment, inputs.shape[1], self._slopes.units)
        """When it measures."""
        fitting = CHUNK_NUMBERS // (layout.size + self._slopes.numbers)
        self._chunk = max(1, min(CHUNK_STEPS, fitting))
        self._before: Tensor | None = None
        self._look: CompiledProbe | None = None
        columns = [*self._norms.columns, *self._slopes.columns]
        self.columns: Final = [] if self.steps.every == "off" else columns
        """The columns of its rows; none where nothing is measured."""

    def measure_as_played(self, method: Method) -> None:
        """Have it measured by compiled functions too, where its steps are played by such."""
        if self.columns and isinstance(method, Compiled):
            self._look = method.look(*self._slopes.asked())

    def keep(self, first: int, weights: Tensor) -> None:
        """Keep the weights before a block, where its first step is measured."""
        # A copy of all weights, so only where the first step of the block is one that is measured.
        self._before = weights.detach().clone() if first in self.steps else None

    def read(self, first: int, count: int, rows: Measurements) -> list[Series]:
        """Return what was measured in a block: a series for each run of equal stride.

        Args:
            first: The block's first step, which ``keep`` was told of.
            count: How many of its steps stand.
            rows: The weights after each of them.
        """
        # A series has one stride, and the stride grows with the step: where it changes, one ends.
        last = first + count - 1
        runs = list(self.steps.runs(first, last))
        if not runs:
            return []
        values = self._measure([step - first for run in runs for step in run], rows.weights)
        series, start = [], 0
        for run in runs:
            part = values[:, start : start + len(run)]
            series.append(Series(group="probe", first=run[0], stride=run.step, values=part))
            start += len(run)
        return series

    def _measure(self, picked: list[int], weights: Tensor) -> Values:
        """Return all columns in some rows of a block, [columns, rows, members]."""
        if self._look is not None:
            assert picked[0] or self._before is not None
            return self._look.measure(picked, weights, self._before)
        starts = range(0, len(picked), self._chunk)
        chunks = [self._measure_chunk(picked[i : i + self._chunk], weights) for i in starts]
        with np.errstate(over="ignore"):
            return np.concatenate(chunks, axis=1).astype(np.float32)

    @torch.no_grad()
    def _measure_chunk(self, picked: list[int], weights: Tensor) -> NDArray[np.float64]:
        index = torch.tensor(picked, device=weights.device)
        # [rows, size]: networks side by side, as members are, so that one forward takes them all.
        after = weights.index_select(0, index)
        before = weights.index_select(0, (index - 1).clamp_(min=0))
        if picked[0] == 0:
            assert self._before is not None
            before[0] = self._before
        # The update of row i is what it has more than row i - 1; of row 0, than the block before.
        norms = self._norms.measure(after, torch.sub(after, before, out=before))
        return np.concatenate([norms, self._slopes.measure(after)])


class Norms:
    """How large the parameters are, and how far an update moves them.

    Args:
        layout: Where they lie.
    """

    def __init__(self, layout: ParameterLayout) -> None:
        self._layout = layout
        names = list(layout.parameters)
        kinds = ("weight_norm", "update_ratio")
        self.columns = [f"{what}/{name}" for what in kinds for name in names]
        """The columns of what it measures."""
        counts = [math.prod(layout.shapes[name]) for name in names]
        firsts = np.cumsum([0, *counts])[:-1]
        self._starts = layout.positions[:, firsts].T.ravel()
        self._end = int(layout.positions[-1, sum(counts) - 1]) + 1

    def measure(self, weights: Tensor, updates: Tensor) -> NDArray[np.float64]:
        """Return the columns for some rows [rows, size] of both: [columns, rows, members].

        What did not move has the ratio 0, also where it is nothing but zeros.
        """
        if self._layout.size <= AT_ONCE:
            norms = self._at_once(torch.cat([weights, updates]))
        else:
            each = [norms_of(self._layout, flat) for flat in (weights, updates)]
            norms = torch.cat(each).cpu().numpy()
        return with_ratios(*np.split(norms.transpose(2, 0, 1), 2, axis=1))

    def _at_once(self, flat: Tensor) -> NDArray[np.float64]:
        """Return ``norms_of`` a small network in few calls, which is all that it waits for."""
        numbers = flat[:, : self._end].cpu().numpy().astype(np.float64)
        with np.errstate(all="ignore"):
            # What lies between two parameters is padding: zeros.
            squares = np.add.reduceat(np.square(numbers), self._starts, axis=1)
        norms = np.sqrt(squares).reshape(len(flat), -1, self._layout.members)
        return norms.transpose(0, 2, 1)


def with_ratios(
    weight_norms: NDArray[np.float64], update_norms: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return norms [parameters, rows, members], and behind them those of updates as their share.

    What did not move has the ratio 0, also where it is nothing but zeros.
    """
    with np.errstate(all="ignore"):
        # 0 / 0 is no update of nothing, which is 0 and no NaN.
        ratios = np.where(update_norms == 0, 0.0, update_norms / weight_norms)
    return np.concatenate([weight_norms, ratios])


class Slopes:
    """How steep the hidden activations are where the data puts them.

    Everything is computed as in a network that is not being trained: dropout leaves nothing out,
    batch normalisation takes its running figures. Networks lie side by side, as members do:

        inputs, sums and slopes  [networks, data rows, units], or a picture in place of units

    Args:
        experiment: What the network looks like.
        layout: Where its parameters lie.
        inputs: The rows that are sent through it, [members, rows, features].
    """

    def __init__(self, experiment: Experiment, layout: ParameterLayout, inputs: Tensor) -> None:
        self._layout, self._inputs = layout, inputs.contiguous()
        model = experiment.model
        # What a module of one's own has inside, only its code knows.
        names = model.activations[:-1] if model.kind == "mlp" else []
        plan = experiment.plan if names else []
        named = zip(plan, names, model.normalisations, strict=False)
        self._layers = [HiddenLayer(layer, name, norm, layout) for layer, name, norm in named]
        self._takes = plan[0].into if names else ()
        while self._layers and not self._layers[-1].watched:
            self._layers.pop()
        rows = inputs.shape[1]
        self.numbers = 3 * layout.members * rows * sum(each.layer.units for each in self._layers)
        """How many numbers one row of weights takes while it is measured, about."""
        watched = [each for each in self._layers if each.watched]
        self.units = sum(each.layer.units for each in watched)
        """Whose slopes it looks at, in every place of a picture."""
        self._columns = [
            (what, at)
            for what in ("dead", "saturated")
            for at, layer in enumerate(self._layers)
            if getattr(layer.activation.traits, "dies" if what == "dead" else "steepest")
        ]
        self.columns = [f"{what}/layer{at + 1}" for what, at in self._columns]
        """The columns of what it measures."""
        self._counts = np.array([self._layers[at].channels for _, at in self._columns], np.int64)
        self._starts = np.cumsum([0, *self._counts[:-1]])
        # What a unit's greatest slope, or the sum of its slopes, is at most where it counts.
        most = [
            rows * self._layers[at].places * self._layers[at].saturated_below * (what != "dead")
            for what, at in self._columns
        ]
        self._most = np.repeat(most, self._counts)

    def asked(self) -> tuple[Tensor, list[float], list[tuple[bool, int]]]:
        """Return what a ``CompiledProbe`` is told: the rows that go through the networks, what
        a unit's slopes add up to at most where it is saturated, layer by layer, and which shares
        of units are measured.
        """
        rows = self._inputs.shape[1]
        most = [rows * each.saturated_below for each in self._layers]
        return self._inputs, most, [(what == "dead", at) for what, at in self._columns]

    def measure(self, weights: Tensor) -> NDArray[np.float64]:
        """Return the columns for some rows of weights [rows, size]: [columns, rows, members]."""
        members = self._layout.members
        if not self._columns:
            return np.empty((0, len(weights), members))
        slopes = self._slopes(weights)
        pairs = ((what, _over_places(slopes[at])) for what, at in self._columns)
        reduced = [each.amax(1) if what == "dead" else each.sum(1) for what, each in pairs]
        # One fetch for all layers: what is left is a number for each unit.
        units = torch.cat(reduced, dim=1).double().cpu().numpy()
        # A unit that is no number is neither alive nor dead; its layer has no share.
        marks = np.where(np.isnan(units), np.nan, units <= self._most)
        shares = np.add.reduceat(marks, self._starts, axis=1) / self._counts
        return shares.reshape(len(weights), members, -1).transpose(2, 0, 1)

    def _slopes(self, weights: Tensor) -> dict[int, Tensor]:
        """Return how steep the activations that are watched are, without sign, by layer."""
        parts = self._layout.slices(weights)
        outputs = self._inputs.repeat(len(weights), 1, 1) if len(weights) > 1 else self._inputs
        if len(self._takes) > 1:
            outputs = torch.unflatten(outputs, 2, self._takes)
        sums: dict[int, Tensor] = {}
        totals: list[Tensor] = []
        for at, layer in enumerate(self._layers):
            # The activations are PyTorch's own modules: nobody's formula for a slope is trusted
            # here.
            into = layer.sums(outputs, parts)
            if not layer.watched:
                outputs = layer.module(into)
                continue
            # A graph of one activation, cut off from those before and after it.
            sums[at] = into.requires_grad_()
            with torch.enable_grad():
                outputs = layer.module(into)
                totals.append(outputs.sum())
            outputs = outputs.detach()
        # One call for all layers: each graph is a single activation, so there is nothing to walk.
        # Of sums, so that no derivative is handed in: to check its shape PyTorch imports sympy,
        # which takes longer than many a run.
        derivatives = torch.autograd.grad(totals, list(sums.values()))
        slopes = {at: slope.abs_() for at, slope in zip(sums, derivatives, strict=True)}
        if bool(outputs.isnan().any()):
            # PyTorch gives ReLU a slope where its input is no number. What is none in one layer
            # is none in the last, so that this is seldom asked.
            for at, slope in slopes.items():
                slope.masked_fill_(sums[at].isnan(), torch.nan)
        return slopes


def _over_places(slopes: Tensor) -> Tensor:
    """Return slopes of pictures as [networks, data rows and places, channels]; others as are."""
    return slopes if slopes.dim() == 3 else slopes.flatten(3).transpose(2, 3).flatten(1, 2)


class HiddenLayer:
    """One hidden layer of many networks side by side.

    Args:
        layer: What goes into it and what comes out.
        activation: The name of its activation.
        normalisation: What is done to its sums before that.
        layout: Where its parameters lie.
    """

    def __init__(
        self,
        layer: PlannedLayer,
        activation: str,
        normalisation: Normalisation,
        layout: ParameterLayout,
    ) -> None:
        self.layer: Final = layer
        self.activation: Final = ACTIVATIONS[activation]
        self.watched: Final = bool(self.activation.traits.dies or self.activation.traits.steepest)
        """Whether its units can die or saturate."""
        self.saturated_below: Final = SATURATED * self.activation.traits.steepest
        """The mean slope up to which a unit is saturated."""
        self.module: Final = make_activation(activation)
        self.channels: Final = layer.out[0]
        """Its units, which for a convolution are channels."""
        self.places: Final = math.prod(layer.out[1:])
        """How often a unit stands in a row."""
        self._normalisation = normalisation
        self._parts = {
            each.removeprefix(f"{layer.name}."): part
            for part, each in enumerate(layout.shapes)
            if each.startswith(f"{layer.name}.")
        }

    def sums(self, inputs: Tensor, parts: Sequence[Tensor]) -> Tensor:
        """Return what goes into the activation, [networks, data rows, units, …].

        Args:
            inputs: What goes into the layer, [networks, data rows, features, …].
            parts: Every parameter and buffer of the networks, [rows, members, numbers].
        """
        networks = len(inputs)
        if not self.layer.weight:
            return make_layer(self.layer, {})(inputs)  # type: ignore[no-any-return]
        weight = parts[self._parts["weight"]].reshape(networks, *self.layer.weight)
        bias = parts[self._parts["bias"]].reshape(networks, 1, -1)
        # [networks, rows, units]: one product for all steps of a chunk and all members.
        if self.layer.kind == "conv":
            sums = convolved(inputs, weight, bias, self.layer)
        else:
            sums = torch.baddbmm(bias, inputs, weight.transpose(1, 2))
        if self._normalisation == "none":
            return sums
        norm = {
            name.removeprefix("norm."): spread(parts[part].reshape(networks, 1, -1), sums)
            for name, part in self._parts.items()
            if name.startswith("norm.")
        }
        if self._normalisation == "layer":
            normalised = nn.functional.layer_norm(sums, sums.shape[2:], eps=EPSILON)
        else:
            # As while it is measured: the running figures, which are among the recorded weights.
            normalised = (sums - norm["running_mean"]) * (norm["running_var"] + EPSILON).rsqrt()
        return torch.addcmul(norm["bias"], normalised, norm["weight"])
