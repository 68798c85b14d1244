"""What the pictures of a run are made of: its data drawn again, its network after any step.

    History ── Material(history) ─► .parts               train, dev and test, drawn once
                     └── .network(step) ─► Network ─► .outputs, .predicted, .probabilities

Everything comes from the recording and the recorded experiment, by numpy: no training, no screen.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from engine.errors import EpochalError
from engine.recording import kept_weights
from engine.recording.best import best_step, why_none
from engine.recording.events import Header, Snapshot
from engine.recording.forward import RecordedLayer, forward, layers_of, scaling_of, unpack
from engine.recording.history import History
from engine.text.safe import plain

from ...style.numbers import count, figure
from ...style.text import OF_BEST, WAITS
from ..base.arrays import Floats
from ..lists.result import Weights, is_measured, result_loss

if TYPE_CHECKING:
    from pathlib import Path

    from engine.data import Dataset, Examples, Scaling
    from engine.experiment.experiment import Experiment

CHUNK: Final = 1 << 22
"""Numbers of one layer that are computed at a time."""

SMALL: Final = 1 << 18
"""Products of one matrix product that a live picture computes at a time.

OpenBLAS does so few on the thread that asks. Of more it makes parts for threads of its own, which
take the cores from the training and wait for each other longer than they compute.
"""

LEAST_ROWS: Final = 16
"""Rows at a time at least, however large a layer is."""

FRESH_ROWS: Final = 1000
"""Rows that are drawn where every step drew its own."""


class ViewError(EpochalError):
    """A view that a run does not have, and which it has."""


class Material:
    """What one member of a run learned from, and its weights.

    Args:
        history: What is known of the run; it must have a header.
        member: Which network.
        most: Rows of each set that are taken at most, evenly chosen; all where it is left out.
        folder: The run's, whose checkpoint may have the best weights where the recording has
            none; it is read by PyTorch.
        allow_code: Whether a network of one's own may be run, by PyTorch too.
    """

    def __init__(
        self,
        history: History,
        member: int = 0,
        most: int | None = None,
        folder: Path | None = None,
        *,
        allow_code: bool = False,
    ) -> None:
        assert history.header is not None
        self.most, self.folder, self.allow_code = most, folder, allow_code
        self.history = history
        self.header: Final[Header] = history.header
        self.member = member
        self.varying: tuple[str, ...] = ()
        """The inputs that vary in a picture of some; those that tell most where left out."""

    @cached_property
    def experiment(self) -> Experiment:
        """The recorded experiment; of a population, the member's own.

        Raises:
            PresetError: It does not hold for this version.
        """
        from engine.presets.preset import recorded_experiment

        experiment = recorded_experiment(self.header)
        if self.header.members == 1:
            return experiment
        from engine.experiment.members import members_of

        members = members_of(experiment)
        return members[self.member].experiment if self.member < len(members) else experiment

    @property
    def member_wordings(self) -> tuple[str, ...]:
        """Which network of a population it is, the longest words first; none of one alone."""
        if self.header.members == 1:
            return ()
        from ..members.labels import member_name

        short = f"member {self.member + 1}"
        among = f"{short} of {self.header.members}"
        return f"{member_name(self.header, self.member)}, {among}", among, short

    @cached_property
    def dataset(self) -> Dataset:
        """The three sets, drawn again as they were.

        Raises:
            DataError: A file is not there any more.
            ViewError: A file has changed since.
        """
        from engine.data import load

        data = self.experiment.data
        for then, now in zip(self.header.files, data.files, strict=False):
            if then.get("sha256") != now.get("sha256"):
                raise ViewError(f"{now.get('name')}: has changed since the run was trained on it")
        return load(data, self.header.seeds[self.member])

    @cached_property
    def parts(self) -> dict[str, Examples]:
        """The sets that there are, by name; for fresh data rows that no step has seen."""
        return {name: self._thinned(part) for name, part in self._all.items()}

    @cached_property
    def _all(self) -> dict[str, Examples]:
        """The sets that there are, with every row."""
        if self.experiment.data.fresh:
            from engine.data import Examples
            from engine.results.unseen_rows import unseen_rows

            # The same rows that ``epochal predict`` draws, which no training ever comes to.
            rows = unseen_rows(self.experiment.data, self.header.seeds[self.member], FRESH_ROWS)
            inputs, targets = rows.inputs.astype(np.float32), rows.targets.astype(np.float32)
            return {"fresh": Examples(inputs, targets)}
        whole = self.dataset
        named = {"train": whole.train, "dev": whole.dev, "test": whole.test}
        return {name: part for name, part in named.items() if part is not None and len(part)}

    def _thinned(self, part: Examples) -> Examples:
        if self.most is None or len(part) <= self.most:
            return part
        rows = np.linspace(0, len(part) - 1, self.most).astype(int)
        return part.taken(rows)

    @property
    def thinned(self) -> bool:
        """Whether rows were left out of a set."""
        return self.most is not None and any(rows > self.most for rows in self.header.rows)

    def prepare(self) -> None:
        """Have everything at hand that takes time: the schema, and the rows of all sets.

        Raises:
            PresetError: The recorded experiment does not hold for this version.
            DataError: A file is not there any more.
            ViewError: A file has changed since.
        """
        if self.experiment.model.kind == "mlp":
            _ = self.parts

    def take_data(self, before: Material) -> None:
        """Take over what another material of the same run has drawn."""
        drawn = ("experiment", "dataset", "parts", "_all", "input_ranges")
        vars(self).update({name: vars(before)[name] for name in drawn if name in vars(before)})

    @property
    def numbers(self) -> int:
        """How many parameters there are, of all members together."""
        each = sum(math.prod(shape) for shape in self.header.parameters.values())
        return self.header.members * each

    @property
    def has_ends_only(self) -> bool:
        """Whether there are so many that the first and the last weights alone are kept."""
        return self.numbers > kept_weights.SNAPSHOT_LIMIT

    @property
    def result_step(self) -> int | None:
        """The step of the weights that the run came to, and was measured with; None without."""
        if not is_measured(self.history):
            return None
        best = best_step(self.history, self.member)
        return kept_weights.last_step(self.history, self.member) if best is None else best

    @cached_property
    def scaling(self) -> Scaling:
        """How the training set was scaled, as the recording says."""
        return scaling_of(self.header)

    def original_inputs(self, part: Examples) -> Floats:
        """Return the inputs of a set [rows, inputs] in the units of the data."""
        return part.original_inputs(self.scaling)

    def scaled_inputs(self, inputs: NDArray[Any]) -> NDArray[np.float32]:
        """Return inputs in the units of the data as the network takes them."""
        return self.scaling.scale_inputs(inputs)

    @cached_property
    def input_ranges(self) -> list[tuple[float, float]]:
        """The least and the greatest finite number of each input, in the units of the data.

        They are those of every row that there is: whatever a picture shows of them, and whatever
        the step, it goes from where to where it did before. NaN where there is no such number.
        """
        return ranges(np.concatenate([*map(self.original_inputs, self._all.values())]))

    @property
    def input_names(self) -> list[str]:
        """The name of each input of a row, harmless for a terminal."""
        return list(map(plain, self.header.row_names or self.experiment.data.given_names))

    @property
    def feature_names(self) -> list[str]:
        """The name of each thing that the network sees, harmless for a terminal."""
        return list(map(plain, self.header.input_names or self.experiment.data.input_names))

    @property
    def target_names(self) -> list[str]:
        """The name of each output, or of each class."""
        return list(map(plain, self.header.target_names or self.experiment.data.target_names))

    def network(self, step: int, *, best: bool = False) -> RecordedNetwork:
        """Return the network after a step, or the kept one before it.

        Args:
            step: Which.
            best: Whether that is the best step; then the nearest kept weights stand for its own,
                be they before or after.

        Raises:
            ViewError: The recording keeps no weights there.
        """
        kept = self.history.snapshot_steps
        if not kept and not (best and self.folder):
            members = self.header.members
            these = "this network" if members == 1 else f"these {members} networks"
            why = f"the recording has no weights of {these} of {count(self.numbers)} numbers"
            most = kept_weights.ENDS_LIMIT
            limit = f": of more than {count(most)} none are kept while it trains; what it does "
            limit += "is shown once it is over"
            raise ViewError(why + limit * (self.numbers > most))
        if best:
            kept_best = kept_weights.best_weights(self.history, step, self.member, self.folder)
            return RecordedNetwork.of_kept(self, kept_best)
        snapshot = self.history.snapshot(step)
        if snapshot is None:
            raise ViewError(f"the first weights that are kept are those of step {kept[0]}")
        return RecordedNetwork.of(self, snapshot, step)

    def result_network(self, weights: Weights) -> RecordedNetwork:
        """Return the network of the weights that are shown of a run that is over.

        Args:
            weights: The best, or else the last.

        Raises:
            ViewError: The recording keeps none.
        """
        if weights == "best":
            network = self.network(self.best_step(), best=True)
        elif self.history.snapshot_steps or (self.history.checkpoints and self.folder):
            kept = kept_weights.last_weights(self.history, self.member, self.folder)
            network = RecordedNetwork.of_kept(self, kept)
        else:
            network = self.network(self.history.last_step)
        return replace(network, closing=True)

    def without_weights(self, step: int, *, closing: bool) -> RecordedNetwork:
        """Return the network at a step as far as rows tell of it."""
        return RecordedNetwork(self, step, step, {}, closing=closing)

    def best_step(self) -> int:
        """Return the step whose weights did best on the dev set.

        Raises:
            ViewError: There is none.
        """
        best = best_step(self.history, self.member)
        if best is None:
            raise ViewError(f"--step best: there is no best step: {why_none(self.history)}")
        return best


def ranges(values: NDArray[Any]) -> list[tuple[float, float]]:
    """Return the least and the greatest finite number of each column; NaN where it has none."""
    ends = []
    for column in np.asarray(values, np.float64).T:
        finite = column[np.isfinite(column)]
        ends.append((float(finite.min()), float(finite.max())) if len(finite) else (np.nan,) * 2)
    return ends


@dataclass(frozen=True, eq=False)
class RecordedNetwork:
    """A recorded network after one step."""

    material: Material
    step: int
    """After this update; 0 is the untrained network."""
    asked: int
    """The step that was asked for, of which this is the kept one."""
    weights: Mapping[str, NDArray[np.floating]]
    """Parameters and buffers by name."""
    best: bool = False
    """Whether what was asked for is the best step on the dev set."""
    last: bool = False
    """Whether it is the run's last."""
    closing: bool = False
    """Whether it is shown as what the run came to, after its last step."""

    @classmethod
    def of(cls, material: Material, snapshot: Snapshot, asked: int) -> RecordedNetwork:
        """Return the network of a snapshot."""
        weights = unpack(material.header, snapshot, material.member)
        return cls(material, snapshot.step, asked, weights)

    @classmethod
    def of_kept(cls, material: Material, kept: kept_weights.KeptWeights) -> RecordedNetwork:
        """Return the network of weights that ``engine.recording.kept_weights`` has found."""
        return cls(material, kept.step, kept.asked, kept.values, kept.best, kept.last)

    def may_count(self, part: str) -> bool:
        """Whether a picture may say how many rows of a set are wrong.

        The test set is touched once, for what the run came to: whoever sees its errors while
        there is still something to choose, if only a step, chooses by them.
        """
        return part != "test" or self.step == self.material.result_step

    @property
    def judged_by(self) -> str:
        """The name of the set that these weights are judged by: the least seen one that may be."""
        parts = self.material.parts
        judges = ("test", "dev", "fresh", "train")
        return next(name for name in judges if name in parts and self.may_count(name))

    @property
    def keeps_test(self) -> str:
        """When the errors of the test set are counted, where there is one and it is not now."""
        if "test" not in self.material.parts or self.may_count("test"):
            return ""
        return OF_BEST if self.closing else WAITS

    @property
    def facts(self) -> tuple[str, ...]:
        """Whose weights these are, and how good: for the first line of a picture."""
        return (self.whose, *self.material.member_wordings[:1], self.loss)

    @property
    def whose(self) -> str:
        """Whose weights these are, in the words that every command has for it."""
        return kept_weights.weights_words(
            self.step, self.asked, best=self.best, last=self.last, count=count
        )

    @property
    def loss(self) -> str:
        """The training loss of these weights, as the recording has it.

        Row s + 1 holds what update s + 1 used, so its loss is that of the weights after step s.
        """
        rows = self.material.history.series.get("train")
        if rows is None or "loss" not in rows.columns:
            return ""
        member = self.material.member
        measured = result_loss(self.material.history, self.step, member)
        if measured is not None:
            return f"loss {figure(measured)}"
        row = rows.row_at(self.step + 1)
        if row is None:
            return ""
        words = f"loss {figure(float(rows.across('loss', row)[member]))}"
        return words if rows.step_of(row) == self.step + 1 else f"last {words}"

    @cached_property
    def initial(self) -> bool:
        """Whether these are the weights the network started with."""
        first = self.material.history.snapshot(0)
        if self.step == 0 or first is None:
            return self.step == 0
        start = RecordedNetwork.of(self.material, first, 0).weights
        return all(np.array_equal(start[name], each) for name, each in self.weights.items())

    @cached_property
    def layers(self) -> list[RecordedLayer]:
        """The layers, with the activation after each.

        Raises:
            ViewError: They are those of a module of one's own.
        """
        kind = self.material.header.experiment.get("model", {}).get("kind", "mlp")
        layers = layers_of(self.material.header) if kind == "mlp" else []
        if not layers or any(
            each.learns and f"{each.name}.weight" not in self.weights for each in layers
        ):
            raise ViewError("this network has layers that only PyTorch can compute")
        return layers

    def outputs(self, inputs: NDArray[Any]) -> Floats:
        """Return what the network says of inputs as it takes them: [rows, outputs].

        Raises:
            ViewError: It is a module of one's own, and its code may not be run.
            CodeError: Its code does not work, or is not there any more.
        """
        said = [self._answer(rows) for rows in self.portions(inputs)]
        return np.concatenate(said).astype(np.float64)

    @cached_property
    def _answer(self) -> Callable[[NDArray[Any]], NDArray[Any]]:
        """What rows go through: numpy's formulas, or code of one's own, where that may be run."""
        material = self.material
        if material.allow_code and material.experiment.model.kind == "python":
            from engine.network.recorded_module import recorded_module, said_by

            made = (material.header, material.experiment, self.weights)
            return partial(said_by, recorded_module(*made, allow_code=True))
        return lambda rows: forward(self.layers, self.weights, rows)[-1]

    def portions(self, inputs: NDArray[Any]) -> list[NDArray[Any]]:
        """Return inputs in as many parts as it takes to compute no more than may be at a time."""
        rows = max(CHUNK // max(map(len, map(np.atleast_1d, self.weights.values()))), 1)
        if self.material.most is not None:
            rows = max(SMALL // max(each.size for each in self.weights.values()), LEAST_ROWS)
        return [inputs[start : start + rows] for start in range(0, max(len(inputs), 1), rows)]

    def predicted(self, inputs: NDArray[Any]) -> NDArray[np.int64]:
        """Return the class that the network says, [rows], as training counts it."""
        outputs, loss = self.outputs(inputs), self.material.experiment.loss
        if loss.targets == "classes":
            labels: NDArray[np.int64] = outputs.argmax(axis=1)
            return labels
        return (outputs[:, 0] > loss.threshold()).astype(np.int64)

    def probabilities(self, inputs: NDArray[Any]) -> Floats:
        """Return what the network says as the classes' probabilities, [rows, classes]."""
        from engine.results.class_shares import class_shares

        return class_shares(self.outputs(inputs), self.material.experiment.loss)

    def answers(self, inputs: NDArray[Any]) -> Floats:
        """Return what the network says as numbers in the units of the data, [rows, outputs]: of
        labels their probabilities, and of shares these.
        """
        from engine.results.class_shares import each_share

        experiment, outputs = self.material.experiment, self.outputs(inputs)
        if experiment.data.target_kind in ("labels", "shares"):
            return each_share(outputs, experiment.loss)
        return self.material.scaling.to_original(outputs)

    def matrices(self, layer: str | None) -> Iterator[tuple[str, NDArray[np.floating]]]:
        """Yield the parameters that are meant: every weight matrix where none is named.

        Raises:
            ViewError: There is no such layer.
        """
        names = list(self.material.header.parameters)
        if layer is None:
            wanted = [name for name in names if self.weights[name].ndim > 1] or names
        else:
            wanted = [name for name in (layer, f"{layer}.weight") if name in names][:1]
        if not wanted:
            raise ViewError(f"--layer: there is no {layer!r}; there are: {', '.join(names)}")
        yield from ((name, self.weights[name]) for name in wanted)
