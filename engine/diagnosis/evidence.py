"""The facts that rules read off a history at a step.

Every fact comes from a bounded number of rows, so that a diagnosis costs the same after a million
steps as after a hundred, and from a median, so that one step's noise decides nothing. What a fact
means is for the rules to say.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from ..recording.events import Header
from ..recording.forward import layers_of, unpack
from ..recording.history import History
from ..recording.pages import sample_stride
from ..recording.rows import Rows

if TYPE_CHECKING:
    from ..components.optimizers import OptimizerBase

WINDOW: Final = 32
"""Rows that count as recent."""

PROBED: Final = 3
"""Rows of a probe that count as recent, at most."""

PROBED_WITHIN: Final = 8
"""They are no further behind than this part of the newest one's step: where a run is probed seldom,
a row before may be half of it ago."""

WEIGHTS_WITHIN: Final = 4
"""Weights are no further behind than this part of the step: of a small network they are kept at
least so many times each time the step doubles, and where they were looked for closer to it than
that, what is found in them would come and go."""

EARLY: Final = 8
"""Rows that count as the beginning."""

GROUPS: Final = 32
"""Points of a smoothed curve."""

RAISED: Final = 1.5
"""How often the experiment's own learning rate counts as raised while it trained."""

Numbers = NDArray[np.float64]


class Curve:
    """A column from its beginning to a step, in ``GROUPS`` medians of ``WINDOW`` rows each.

    Of a long column these rows are a sample, spread evenly; of a short one some count twice.

    Args:
        rows: Where the column is.
        name: Which.
        step: The last step.
        member: Which network; None for the medians over all of them.
    """

    def __init__(self, rows: Rows | None, name: str, step: int, member: int | None) -> None:
        self.count = count_until(rows, step, name)
        """How many rows the column has so far."""
        self.steps: NDArray[np.int64] = np.empty(0, np.int64)
        """The last step of each point."""
        self.values: Numbers = np.empty(0)
        """The medians; NaN where nothing was finite."""
        self.lowest = (math.inf, 0)
        """The least finite row behind the points and its step; infinite where there is none."""
        if rows is None or not self.count:
            return
        chosen = np.linspace(0, self.count - 1, GROUPS * WINDOW).astype(np.int64)
        if (stride := sample_stride(self.count)) * len(chosen) <= self.count:
            # These rows are at hand, however long the run is.
            chosen -= chosen % stride
        steps, values = rows.steps_of(chosen), numbers(rows, name, chosen, member)
        self.steps = steps[WINDOW - 1 :: WINDOW]
        self.values = medians(values.reshape(GROUPS, WINDOW))
        least = int(np.where(np.isfinite(values), values, np.inf).argmin())
        if np.isfinite(values[least]):
            self.lowest = (float(values[least]), int(steps[least]))


def count_until(rows: Rows | None, step: int, name: str | None = None) -> int:
    """Return how many rows there are until a step, where they have a column of that name."""
    has_column = rows is not None and (name is None or name in rows.columns)
    newest = rows.row_at(step) if rows is not None and has_column else None
    return 0 if newest is None else newest + 1


def numbers(
    rows: Rows, name: str, chosen: NDArray[np.int64] | slice, member: int | None
) -> NDArray[np.float32]:
    """Return a column's numbers in some rows: one member's, or the medians over all of them."""
    if member is not None and isinstance(chosen, slice):
        return rows.column(name, member, chosen.start, chosen.stop)
    if isinstance(chosen, slice):
        chosen = np.arange(chosen.start, chosen.stop)
    of_all = rows.across(name, chosen)
    of_one: NDArray[np.float32] = of_all[member or 0]
    return of_one if member is not None else medians(of_all.T).astype(np.float32)


def medians(table: NDArray[Any]) -> Numbers:
    """Return the median of each row's finite values; NaN where there is none."""
    # In float64: the two middle ones of float32 may add up to more than it holds.
    finite = np.isfinite(table)
    # NaN sorts to the end.
    ordered = np.sort(np.where(finite, table, np.nan).astype(np.float64), axis=1)
    counts, places = finite.sum(axis=1), np.arange(len(table))
    low = ordered[places, np.maximum(counts - 1, 0) // 2]
    high = ordered[places, counts // 2 % table.shape[1]]
    return np.where(counts > 0, (low + high) / 2, np.nan)


def median(values: NDArray[Any]) -> float:
    """Return the median of the finite values; NaN where there is none."""
    return float(medians(values[None])[0]) if len(values) else float("nan")


def _with(table: Mapping[str, Any], path: Sequence[str], value: Any) -> Mapping[str, Any]:
    """Return a table with another value at a path; unchanged where it has no such place."""
    key, *rest = path
    inner = table.get(key, {})
    if not rest:
        return {**table, key: value}
    return {**table, key: _with(inner, rest, value)} if isinstance(inner, Mapping) else table


class Facts:
    """What is known of one member of a run at a step, or of the medians over all of them.

    Args:
        history: What is known of the run.
        header: Its header.
        step: At which step; everything after it is as if it had not happened.
        member: Which network; None for the medians, which have no weights.
    """

    def __init__(self, history: History, header: Header, step: int, member: int | None) -> None:
        self.history, self.header, self.step, self.member = history, header, step, member
        self._curves: dict[tuple[str, str], Curve] = {}

    @property
    def model(self) -> Mapping[str, Any]:
        """The recorded experiment's table ``model``."""
        return self.table("model")

    @property
    def is_mlp(self) -> bool:
        """Whether the network's layers are the experiment's, and not of one's own code."""
        # Where the experiment is not known, its layers are not known either.
        said = self.header.experiment
        return bool(said) and bool(self.model.get("kind", "mlp") == "mlp")

    def table(self, name: str) -> Mapping[str, Any]:
        """Return a table of the recorded experiment, as this member has it."""
        said = self.header.experiment.get(name, {})
        table: Mapping[str, Any] = said if isinstance(said, Mapping) else {}
        for key, value in self._variant.items():
            top, _, rest = key.partition(".")
            if top == name and rest:
                table = _with(table, rest.split("."), value)
        return table

    @cached_property
    def optimizer(self) -> type[OptimizerBase] | None:
        """What is known of the optimizer; None of one that this version does not know."""
        from ..components.optimizers import OPTIMIZERS

        return OPTIMIZERS.get(str(self.table("optimizer").get("name")))

    @property
    def scaled_by(self) -> tuple[str, Any] | None:
        """The key that the data's numbers are divided by, and what would make them small."""
        from ..data import KINDS

        data = self.table("data")
        kind = KINDS.get(str(data.get("kind")))
        if kind is None or kind.scaled_by is None:
            return None
        divisor, greatest = kind.scaled_by
        return divisor, data.get(greatest, kind.model_fields[greatest].default)

    @property
    def descends(self) -> bool:
        """Whether a step is lr times the gradient, or a mean of gradients."""
        return self.optimizer is not None and not self.optimizer.adaptive

    @property
    def _variant(self) -> Mapping[str, Any]:
        """What this member's experiment has that others' may not."""
        variants = self.header.variants
        return variants[self.member] if self.member is not None and variants else {}

    @cached_property
    def layers(self) -> tuple[str, ...]:
        """The layers from the input to the output: whatever has a weight of two dimensions."""
        return tuple(
            name.removesuffix(".weight")
            for name, shape in self.header.parameters.items()
            if name.endswith(".weight") and len(shape) > 1
        )

    @cached_property
    def activations(self) -> Mapping[str, str]:
        """The activation after each layer, as far as the experiment says."""
        if not self.is_mlp:
            return {}
        return {each.name: each.activation for each in layers_of(self.header)}

    @cached_property
    def layer_tables(self) -> Mapping[str, tuple[str, Mapping[str, Any]]]:
        """The layers that a table is written for: the key it stands at, and the table."""
        listed = "layers" if self.model.get("layers") else "hidden"
        return {
            f"layer{index + 1}": (f"model.{listed}[{index}]", table)
            for index, table in enumerate(self.model.get(listed, ()))
            if isinstance(table, Mapping)
        }

    @property
    def hidden(self) -> tuple[str, ...]:
        """The layers before the last."""
        return self.layers[:-1]

    @cached_property
    def rows(self) -> int:
        """How many steps have been taken."""
        return count_until(self.history.series.get("train"), self.step)

    @cached_property
    def at(self) -> int:
        """The step of the newest row; 0 where there is none."""
        return self.history.series["train"].step_of(self.rows - 1) if self.rows else 0

    @cached_property
    def since(self) -> int:
        """The step of the first row that counts as recent; 0 where there is none."""
        first = max(0, self.rows - WINDOW)
        return self.history.series["train"].step_of(first) if self.rows else 0

    def recent(self, name: str) -> NDArray[np.float32]:
        """Return the newest rows of a train column, at most ``WINDOW``."""
        return self._some("train", name, slice(-WINDOW, None))

    def early(self, name: str) -> float:
        """Return a train column's median over the first rows."""
        return median(self._some("train", name, slice(EARLY)))

    def first(self, name: str) -> float:
        """Return a train column's very first value."""
        return float(next(iter(self._some("train", name, slice(1))), np.nan))

    def recent_median(self, name: str) -> float:
        """Return a train column's median over the newest rows."""
        return median(self.recent(name))

    def curve(self, group: str, name: str) -> Curve:
        """Return a column so far, smoothed."""
        if (group, name) not in self._curves:
            rows = self.history.series.get(group)
            self._curves[group, name] = Curve(rows, name, self.step, self.member)
        return self._curves[group, name]

    def newest(self, group: str, name: str, count: int) -> Numbers:
        """Return a column's newest finite rows of any group, among ``count`` or ``WINDOW``."""
        values = self._some(group, name, slice(-min(count, WINDOW), None))
        return values[np.isfinite(values)].astype(np.float64)

    def probe(self, name: str, first: bool = False) -> tuple[int, float] | None:
        """Return a probe column's newest step and its recent value, where that is a number.

        Args:
            name: The column.
            first: Return the first row's value in place of the recent one.
        """
        probe = self.history.series.get("probe")
        count = count_until(probe, self.step, name)
        if probe is None or not count:
            return None
        newest = probe.step_of(count - 1)
        since = probe.count_until(newest - 1 - newest // PROBED_WITHIN)
        recent = slice(max(count - PROBED, since), count)
        value = median(self._some("probe", name, slice(1) if first else recent))
        return (newest, value) if np.isfinite(value) else None

    @cached_property
    def norms(self) -> Mapping[str, float]:
        """Each layer's recent gradient norm: of its weights, before clipping.

        The biases are left out, for the last layer's can be many times its weights'. Where the
        weights of the last layer have no gradient at all, they count in every layer.
        """
        weights = self._norms(("weight",))
        if self.layers and weights and weights[self.layers[-1]] > 0:
            return weights
        return self._norms(("weight", "bias"))

    @cached_property
    def relative(self) -> Mapping[str, float]:
        """Each layer's recent gradient norm over the last layer's; empty where that is 0."""
        last = self.norms.get(self.layers[-1], 0.0) if self.layers else 0.0
        if not (np.isfinite(last) and last > 0):
            return {}
        return {layer: norm / last for layer, norm in self.norms.items()}

    @cached_property
    def idle(self) -> tuple[str, ...]:
        """The layers whose recent gradients, of weights and biases, were all exactly 0."""
        return tuple(layer for layer in self.layers if self.rows and self._is_idle(layer))

    @cached_property
    def loss(self) -> float:
        """The recent training loss."""
        return median(self.recent("loss"))

    def constant_loss(self, name: str = "train") -> float | None:
        """Return what the best answer that is the same for every row loses on a set.

        None where that is not recorded, or is nothing.
        """
        losses = self.header.constant_loss.get(name, ())
        if not losses:
            return None
        loss = losses[0] if self.member is None else losses[min(self.member, len(losses) - 1)]
        return loss if loss > 0 else None

    def class_shares(self, name: str) -> Sequence[float]:
        """Return the share of each class in a set; nothing where that is not recorded."""
        shares = self.header.class_shares.get(name, ())
        return shares[min(self.member or 0, len(shares) - 1)] if shares else ()

    @cached_property
    def planned(self) -> int:
        """How many steps the run was to take; those it has taken, where that is not known."""
        return max(self.header.steps, self.at)

    @cached_property
    def lr(self) -> float:
        """The newest learning rate; NaN where there is none."""
        return float(next(iter(self.recent("lr")[-1:]), np.nan))

    @cached_property
    def own_lr(self) -> float:
        """The learning rate that the experiment asks for; NaN where it says none."""
        lr = self.table("optimizer").get("lr")
        return float(lr) if isinstance(lr, int | float) else float("nan")

    @property
    def raised(self) -> bool:
        """Whether the learning rate is far above what the experiment began with."""
        return bool(self.lr > RAISED * self.own_lr > 0)

    @property
    def scheduled(self) -> bool:
        """Whether the learning rate is a schedule's, and nobody has set it by hand."""
        constant = self.table("schedule").get("name", "constant") == "constant"
        return not (constant or self.set_by_hand)

    @cached_property
    def set_by_hand(self) -> bool:
        """Whether someone has set the learning rate while it trained."""
        return any(
            each.action == "set_lr" and not each.refused and each.step <= self.step
            for each in self.history.requests
        )

    @cached_property
    def weights(self) -> tuple[int, Mapping[str, NDArray[np.float32]]] | None:
        """The newest weights by name and their step, unless they are long out of date."""
        snapshot = self.history.snapshot(self.step)
        if self.member is None:
            return None
        if snapshot is None or self.step - snapshot.step > max(1, self.step // WEIGHTS_WITHIN):
            return None
        return snapshot.step, unpack(self.header, snapshot, self.member)

    @cached_property
    def first_weights(self) -> Mapping[str, NDArray[np.float32]]:
        """The weights of each layer before any step; nothing where they are not kept."""
        snapshot = self.history.snapshot(0)
        if self.member is None or snapshot is None or snapshot.step != 0:
            return {}
        kept = unpack(self.header, snapshot, self.member)
        return {layer: kept[f"{layer}.weight"] for layer in self.layers}

    def _some(self, group: str, name: str, which: slice) -> NDArray[np.float32]:
        """Return some of the rows that a column has so far; nothing where there is none."""
        rows = self.history.series.get(group)
        count = count_until(rows, self.step, name)
        if rows is None or not count:
            return np.empty(0, np.float32)
        return numbers(rows, name, slice(*which.indices(count)), self.member)

    def _norms(self, parts: Sequence[str]) -> dict[str, float]:
        if not (self.rows and self.layers):
            return {}
        nothing = np.full(min(self.rows, WINDOW), np.nan)
        gradients = [self._gradients(layer, parts) for layer in self.layers]
        norms = [np.hypot.reduce(each, dtype=np.float64) if each else nothing for each in gradients]
        return dict(zip(self.layers, medians(np.stack(norms)).tolist(), strict=True))

    def _gradients(self, layer: str, parts: Sequence[str]) -> list[NDArray[np.float32]]:
        """Return the recorded norms of those of a layer's parameters that are evidence."""
        names = [f"{layer}.{part}" for part in parts]
        idle = self.header.idle_biases
        columns = [self.recent(f"grad_norm/{name}") for name in names if name not in idle]
        return [column for column in columns if len(column)]

    def _is_idle(self, layer: str) -> bool:
        gradients = self._gradients(layer, ("weight", "bias"))
        return bool(gradients) and not any(column.any() for column in gradients)
