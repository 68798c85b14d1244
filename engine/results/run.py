"""A finished run in Python: its history as arrays, its network with the best weights.

    import engine

    run = engine.load_run("runs/two-moons-20261121-093000-4f1c")
    run["train/loss"], run.result["test_accuracy"]     # every step's loss; a figure of the result
    run.predict([[0.5, 0.25]])                         # by numpy, in the units of the data
    network = run.module()                             # the same as PyTorch's nn.Sequential

    second = engine.load_run("last", member=1)         # of a population, another network

Recordings of small networks hold their weights, so that all of this but ``module`` works without
torch and from the recording alone; those of larger ones are read from the run's checkpoint.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import RecordingError, RequestError, RunError
from ..recording.events import Header
from ..recording.fitting import UNSAID
from ..recording.forward import forward, layers_of, scaling_of
from ..recording.history import History
from ..recording.kept_weights import KeptWeights, Weights, result_weights
from ..recording.lacking import check_experiment, lack_of
from ..recording.loading import load_history
from ..runs.finding import find_run
from ..runs.folder import RunFolder, runs_dir
from ..text.safe import plain
from ..text.spelling import nearest

if TYPE_CHECKING:
    from torch import nn

    from ..data import Dataset, Scaling
    from ..data.preprocessing import Preprocessing
    from ..experiment.experiment import Experiment
    from ..network.layers import ModuleSpec
    from ..network.own_module import OwnNetwork


@dataclass(frozen=True, eq=False)
class LoadedRun:
    """A run as it was recorded.

    Five lines are enough to train on with what a run has learned::

        run = engine.load_run("last")
        losses = run["train/loss"]                 # one number for every step
        outputs = run.predict([[0.5, 0.25]])       # by numpy, in the units of the data
        network = run.module()                     # nn.Sequential with the best weights
        print(run.result["test_accuracy"], run.weights_step)
    """

    folder: RunFolder
    """Where it is."""
    header: Header
    """What was started."""
    history: History
    """All that was recorded."""
    allow_code: bool = False
    """Whether a network of one's own may be run to predict with it."""
    member: int = 0
    """Which network of a population this is, from 0."""

    @property
    def result(self) -> Mapping[str, Any]:
        """The figures it ended with; empty where it has not ended."""
        return self.history.end.result if self.history.end else {}

    @cached_property
    def experiment(self) -> Experiment:
        """What was trained.

        Raises:
            PresetError: It no longer holds, as where its data file is gone; RunError: it has none.
        """
        check_experiment(self.header.run, self.header, "has no experiment")
        from ..presets.preset import recorded_experiment

        return recorded_experiment(self.header)

    @cached_property
    def alone(self) -> Experiment:
        """What the member is, as if it had been trained alone.

        Raises:
            PresetError: The experiment no longer holds.
        """
        from ..experiment.members import members_of

        return members_of(self.experiment)[self.member].experiment

    def __getitem__(self, name: str) -> NDArray[np.float32]:
        """Return a column by its group and name, as ``run["train/loss"]``."""
        group, _, column = name.partition("/")
        return self.column(column, group)

    def column(
        self, name: str, group: str = "train", member: int | None = None
    ) -> NDArray[np.float32]:
        """Return the values of a column, a number for each row.

        Args:
            name: ``loss``, ``accuracy``, ``grad_norm/layer1.weight`` and so on.
            group: ``train``, ``dev``, ``epoch`` or ``probe``.
            member: Which network of a population; this one where left out.

        Raises:
            KeyError: There is no such column.
        """
        names = [f"{g}/{each}" for g, rows in self.history.series.items() for each in rows.columns]
        if f"{group}/{name}" not in names:
            raise KeyError(f"{group}/{name} is no column{nearest(f'{group}/{name}', names)}")
        wanted = self.member if member is None else member
        return self.history.series[group].column(name, wanted).copy()

    def steps(self, group: str = "train") -> NDArray[np.int64]:
        """Return the step of each row of a group."""
        return self.history.series[group].steps.copy()

    def frame(self) -> Any:
        """Return the history as a DataFrame, of pandas where it is installed, else of polars.

        A row is a step, and of a population one for each member of it (``member``, from 1). Its
        columns are ``step``, ``seconds`` since the start, and those of the history, as
        ``train/loss``; NaN where a group has no row at a step.

        Raises:
            RequestError: Neither is installed.
        """
        from .history_table import frame_of

        return frame_of(self.history, range(self.header.members))

    @property
    def weights(self) -> Weights:
        """The best weights by name: ``layer1.weight`` [out, in], ``layer1.bias`` [out] and so on.

        Raises:
            RunError: Neither recording nor checkpoint has any.
        """
        return self.kept.values

    @property
    def weights_step(self) -> int:
        """The step those weights were reached at."""
        return self.kept.step

    def predict(self, inputs: ArrayLike | Mapping[str, ArrayLike]) -> NDArray[np.float64]:
        """Return what the network with the best weights says, by numpy.

        Args:
            inputs: The columns by name, or a DataFrame: numbers with NaN where one is missing,
                texts of a category, empty where one is missing, truth values, and the parts of a
                date as ``joined year``. Or [rows, columns], or one row: numbers alone, in the
                units of the data, with a category's place among its values.

        Returns:
            [rows, outputs]; numbers in the units of the data, and for classes whatever the output
            layer gives.

        Raises:
            RequestError: The rows have another number of inputs.
            RunError: Its recording does not say what was trained.
            CodeError: The network is code, which may not be run or does not work.
        """
        if not self.header.experiment:
            raise RunError(f"{plain(self.header.run)}: {lack_of(self.header) or UNSAID}")
        codes = self._codes(inputs)
        dtype = next(iter(self.weights.values())).dtype
        scaled = self.preprocessing.scaled(codes, dtype.type)
        if self.is_own:
            from ..network.recorded_module import said_by

            outputs = said_by(self._own_network(), scaled)
        else:
            outputs = forward(layers_of(self.header), self.weights, scaled)[-1]
        return self.scaling.to_original(outputs)

    def _codes(self, inputs: ArrayLike | Mapping[str, ArrayLike]) -> NDArray[np.float64]:
        """Return what is asked about as codes, [rows, columns]."""
        named: Any = inputs
        if hasattr(named, "keys") or hasattr(named, "columns"):
            return self.preprocessing.codes(named)
        rows = np.atleast_2d(np.asarray(inputs, np.float64))
        columns = len(self.preprocessing.columns)
        if rows.shape[-1] != columns:
            raise RequestError(
                f"{self.header.run}: its network takes {columns} inputs, got {rows.shape[-1]}"
            )
        return rows

    @cached_property
    def preprocessing(self) -> Preprocessing:
        """What takes a row's columns to what the network was trained on.

        The recording holds the first member's; another's is found again from its data.

        Raises:
            RunError: Its recording does not say it, or its data is another by now.
        """
        from ..data.preprocessing import Preprocessing

        raw = self.header.raw_columns
        if self.member and (raw or self.header.scaling):
            return self._dataset.preprocessing
        names = self.header.row_names or self.experiment.data.given_names
        said = {
            "columns": raw or [{"name": name} for name in names],
            "features": self.header.experiment.get("data", {}).get("features"),
        }
        try:
            return Preprocessing.from_plain({**self.header.scaling, **said})
        except (KeyError, TypeError, ValueError):
            raise RunError(f"{plain(self.header.run)}: {UNSAID}") from None

    @cached_property
    def _dataset(self) -> Dataset:
        from ..data import load

        data, train = self.alone.data, self.alone.train
        for then, now in zip(self.header.files, data.files, strict=False):
            if then.get("sha256") != now.get("sha256"):
                raise RunError(
                    f"{plain(str(now.get('name')))}: is not the file any more that the run was "
                    f"trained on, and what member {self.member + 1} made of its rows is not in "
                    "the recording: put that file back, or ask member 1"
                )
        real = getattr(np, train.dtype)
        return load(data, train.seed, real, shuffled=train.shuffle)

    @cached_property
    def scaling(self) -> Scaling:
        """What takes inputs to where the network was trained, and its outputs back.

        The recording holds the first member's; another's is found again from its data.

        Raises:
            RunError: Its data is another by now.
        """
        if not self.member or not self.header.scaling:
            return scaling_of(self.header)
        return self._dataset.scaling

    def module(self, *, raw: bool = True) -> nn.Module:
        """Return the network as PyTorch's own modules in a row, with the best weights.

        It is in evaluation mode, and answers as ``predict`` does. A network of one's own is what
        its file makes.

        Args:
            raw: Whether it takes and gives numbers in the units of the data, [rows, columns] as
                ``predict`` takes them; what makes the network's of them is then among its modules.
                Else it takes and gives them as it was trained on them.

        Raises:
            CodeError: The network is code, which may not be run or does not work.
        """
        check_experiment(self.header.run, self.header, "has no network")
        from ..network.raw_network import in_units, raw_network
        from ..network.recorded_module import recorded_layers

        if self.is_own:
            network = self._own_network().module
        else:
            network = recorded_layers(self.layers, self.weights, is_double=self.is_double)
        if not raw:
            return network

        made = self.preprocessing
        return raw_network(
            network,
            preprocessing=None if made.changes_nothing else made,
            row=self.row_shape,
            answer=in_units(self.scaling.targets),
        )

    @property
    def layers(self) -> list[ModuleSpec]:
        """The network's modules in their order; none of a network of one's own.

        Raises:
            RunError: Its recording does not say what was trained.
        """
        from ..network.layers import recorded_specs

        return [] if self.is_own else recorded_specs(self.header)

    @property
    def is_double(self) -> bool:
        """Whether it was trained in float64."""
        return bool(self.header.experiment.get("train", {}).get("dtype") == "float64")

    @property
    def row_shape(self) -> list[int]:
        """The shape of a row as a network of one's own wants it; empty where that is flat."""
        model = self.header.experiment.get("model", {})
        return list(model.get("input_shape") or []) if self.is_own else []

    @cached_property
    def kept(self) -> KeptWeights:
        """Those weights with what they are: of the best step, of the last, or of the nearest kept.

        Raises:
            RunError: Neither recording nor checkpoint has any.
        """
        return result_weights(self.history, self.member, self.folder.recording.parent)

    def _repr_html_(self) -> str:
        """Return what a notebook shows of it: its curves, and beside them what it came to."""
        from .charts.card import html_card

        return html_card(self.folder.name, self.history, self._shown)

    def _repr_svg_(self) -> str:
        """Return the same as a picture, for a notebook that shows no HTML."""
        from .charts.card import svg_card

        return svg_card(self.folder.name, self.history, self._shown)

    @property
    def _shown(self) -> int | None:
        """Which network a notebook shows: of a population all, unless another was asked for."""
        return self.member or (0 if self.header.members == 1 else None)

    @property
    def is_own(self) -> bool:
        """Whether the network is a class from a file."""
        return str(self.header.experiment.get("model", {}).get("kind", "mlp")) == "python"

    def _own_network(self) -> OwnNetwork:
        """Return the network of one's own, with the best weights."""
        from ..network.recorded_module import recorded_module

        code = self.allow_code
        return recorded_module(self.header, self.experiment, self.weights, allow_code=code)


def load_run(path: str | Path, *, allow_code: bool = False, member: int = 0) -> LoadedRun:
    """Return a run, finished or not, as it is recorded now.

    Args:
        path: A run's folder or recording, its name or a unique beginning of it, or ``last``.
        allow_code: Let a network of one's own be run, to predict with it.
        member: Which network of a population, from 0.

    Raises:
        RunError: There is no such run, or no such network in it.
        RecordingError: Its recording cannot be read.
    """
    return of_folder(find_run(str(path), runs_dir()), allow_code=allow_code, member=member)


def of_folder(folder: RunFolder, *, allow_code: bool = False, member: int = 0) -> LoadedRun:
    """Return the run of a folder.

    Args:
        folder: Where it is.
        allow_code: Let a network of one's own be run, to predict with it.
        member: Which network of a population, from 0.

    Raises:
        RecordingError: Its recording cannot be read.
        RunError: Nothing was trained, or there is no such network.
    """
    history = load_history(folder.recording)
    header = history.header
    if header is None:
        raise RecordingError(f"{folder.recording}: is no recording: it has no header")
    if not header.parameters and not header.is_foreign:
        end = history.end
        why = f": {end.reason}" if end and end.reason else ""
        raise RunError(f"{folder.name}: nothing was trained{why}")
    if not 0 <= member < header.members:
        there = f"it has {header.members}" if header.members > 1 else "it has a single network"
        raise RunError(f"{folder.name}: there is no member {member + 1}; {there}")
    return LoadedRun(folder, header, history, allow_code, member)
