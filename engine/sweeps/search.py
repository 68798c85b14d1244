"""A search in place of a grid: settings are asked for as results come, by Optuna.

    study ──► ask: a batch of settings ──► groups of the plan ──► trained ──► tell ──► study

The study lies in the sweep's folder. A batch is asked for at once, so that its networks are
trained side by side; what is asked for then depends on the seed, on how many were asked for before,
and on what was told of them, in their order. So a search that was broken off goes on as if it had
not been.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import math
import os
import statistics
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ..errors import PresetError, RunError
from ..experiment.axes import SweepAxis, axes_of
from ..experiment.members import Original, setting_of
from ..experiment.sweep import Sweep
from ..recording.file import read as events_of
from ..recording.history import History
from ..text.averages import mean_of
from ..text.files import why
from ..text.owned import open_own, open_to_append
from ..text.parsing import from_json
from . import plan as plans
from .folder import SweepFolder
from .plan import Plan
from .planning import Asked, Terms, Work, work_in
from .table import SweepTable, TrialRow
from .trials import alone_of

if TYPE_CHECKING:
    from optuna import Study
    from optuna.distributions import BaseDistribution
    from optuna.storages import JournalStorage
    from optuna.trial import FrozenTrial

STUDY: Final = "sweep"
"""What the study is called in its file."""

BATCH: Final = 10
"""Settings that are asked for at once: as many as are drawn at random before TPE has a model."""

SHARES: Final = (0.25, 0.5)
"""Of a network's length: where one may be pruned."""

AGAIN: Final = "again"
"""What a trial that the study was given names the trial by that had failed."""

LEAST_BEFORE: Final = 5
"""Settings that must have come so far before others are held against their median."""


def check_optuna() -> None:
    """Refuse a search where Optuna is missing.

    Raises:
        RunError: It is.
    """
    if importlib.util.find_spec("optuna") is None:
        raise RunError(
            "--search: needs optuna: pip install 'epochal[search]'; or leave it out, for every "
            "combination of a grid or for --random N"
        )


class Search:
    """Asks for settings, and is told what they came to.

    Args:
        folder: The sweep's, which holds the study.
        asked: The preset, with the table that says what is searched.

    Raises:
        RunError: Optuna is missing.
    """

    def __init__(self, folder: SweepFolder, asked: Asked) -> None:
        check_optuna()
        self._folder, self._asked = folder, asked
        self._sweep, self._alone = asked.experiment.sweep, alone_of(asked.experiment)
        self._axes = axes_of(self._sweep)

    @classmethod
    def planned(cls, folder: SweepFolder, plan: Plan) -> Search:
        """Return the search that a sweep's plan says, to go on with it."""
        assert plan.search is not None
        base = plan.bases[0]
        sweep = Sweep.model_validate(dict(plan.search))
        return cls(folder, Asked(base.preset, base.experiment.model_copy(update={"sweep": sweep})))

    def write(self, plan: Plan, *, over: bool = False) -> None:
        """Write down what is searched, or that the search is over, where that is new."""
        told = self._sweep.model_dump(mode="json")
        if plan.search != told or over > plan.searched:
            plans.write_search(self._folder.plan_file, told, over=over)

    def next(self, terms: Terms) -> Work | None:
        """Return what is to be trained next, written down; None once enough was tried.

        Whoever asks holds the sweep.

        Args:
            terms: How it is to be trained.
        """
        self._mend()
        settings = [self._setting(each) for each in self._pending() or self._ask()]
        if not settings:
            self.write(self._folder.plan(), over=True)
            return None
        if self._sweep.prune:
            # Apart as far as that costs nothing: a group that is pruned whole saves its time.
            rungs, apart = tuple(self._rungs()), max(terms.processes, BATCH)
            terms = replace(terms, rungs=rungs, processes=apart)
        asked = replace(self._asked, settings=settings)
        work = work_in(self._folder.plan(), [asked], self._folder, terms)
        work.write(self._folder)
        return work

    def tell(self, table: SweepTable) -> bool:
        """Tell the study what its settings came to; return whether all of them are over.

        Args:
            table: The sweep's.
        """
        networks, histories = self._networks(table), dict[Path, History]()
        for each in self._pending():
            self._tell(each, networks.get(self._text_of(each), []), histories)
        return not self._pending()

    def tell_again(self, table: SweepTable) -> None:
        """Tell the study what settings came to that it knows as failed, where they are over now.

        What it was told once stays told, so it learns them as settings that nobody asked for.

        Args:
            table: The sweep's.
        """
        from optuna.trial import TrialState, create_trial

        networks = self._networks(table)
        told = {trial.user_attrs.get(AGAIN) for trial in self.study.get_trials(deepcopy=False)}
        for trial in self._tried():
            rows = networks.get(self._text_of(trial), [])
            over = {row.state for row in rows} <= {"finished", "diverged", "pruned"}
            if trial.state == TrialState.FAIL and rows and over and trial.number not in told:
                again = create_trial(
                    value=_objective(rows),
                    params=trial.params,
                    distributions=trial.distributions,
                    user_attrs={AGAIN: trial.number},
                )
                self.study.add_trial(again)

    def _networks(self, table: SweepTable) -> dict[str, list[TrialRow]]:
        """Return the networks of each setting."""
        rows: dict[str, list[TrialRow]] = {}
        seeds = range(self._alone.train.seed, self._alone.train.seed + self._sweep.seeds)
        for row in table.trials:
            if row.seed in seeds:
                rows.setdefault(_text(row.setting), []).append(row)
        return rows

    def _text_of(self, trial: FrozenTrial) -> str:
        """Return what tells the setting of a trial from others."""
        return _text(setting_of(self._setting(trial)))

    @property
    def left(self) -> int:
        """How many settings are still to be tried."""
        return max(self._sweep.trials - len(self._tried()), 0) + len(self._pending())

    # --- the study -------------------------------------------------------------------------

    @cached_property
    def study(self) -> Study:
        """Optuna's study, as far as it has come."""
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        return optuna.create_study(
            storage=self._storage, study_name=STUDY, direction="minimize", load_if_exists=True
        )

    @cached_property
    def _storage(self) -> JournalStorage:
        """Where Optuna keeps the study: in the sweep's folder."""
        from optuna.storages import JournalStorage
        from optuna.storages.journal import JournalFileBackend

        # Optuna asks nobody whose file it is: a link would be followed, a pipe waited for.
        with self._refused():
            os.close(open_to_append(self._folder.study))
        return JournalStorage(JournalFileBackend(str(self._folder.study)))

    def _mend(self) -> None:
        """Take away what a process left that died while it wrote: a lock, and half a line.

        Optuna would wait half a minute for the one, and never again read what follows the other.
        """
        with (
            self._refused(),
            contextlib.suppress(FileNotFoundError),
            os.fdopen(open_own(self._folder.study, os.O_RDWR), "r+b") as journal,
        ):
            self._folder.study.with_suffix(".log.lock").unlink(missing_ok=True)
            journal.truncate(journal.read().rfind(b"\n") + 1)

    @contextlib.contextmanager
    def _refused(self) -> Iterator[None]:
        """Say of the study that it cannot be written."""
        try:
            yield
        except OSError as error:
            raise RunError(f"{self._folder.study}: cannot be written: {why(error)}") from None

    def _tried(self) -> list[FrozenTrial]:
        """Return the trials that were asked for."""
        trials = self.study.get_trials(deepcopy=False)
        return [each for each in trials if AGAIN not in each.user_attrs]

    def _pending(self) -> list[FrozenTrial]:
        """Return what was asked for, and has not been told of."""
        return [each for each in self._tried() if not each.state.is_finished()]

    def _ask(self) -> list[FrozenTrial]:
        """Ask for a batch of settings, as many as are still to be tried."""
        from optuna.samplers import TPESampler
        from optuna.trial import TrialState

        before = len(self._tried())
        # Of an own seed for each batch: whoever goes on draws what would have been drawn.
        seed = zlib.crc32(f"{self._alone.train.seed} {before}".encode())
        self.study.sampler = TPESampler(seed=seed, n_startup_trials=BATCH, constant_liar=True)
        original = Original(self._alone)
        for _ in range(min(BATCH, self._sweep.trials - before)):
            trial = self.study.ask({axis.key: _distribution(axis) for axis in self._axes})
            try:
                original.changed(self._setting(trial))
            except PresetError:
                # Values that hold by themselves may not hold together.
                self.study.tell(trial, state=TrialState.FAIL)
        pending = self._pending()
        return pending or (self._ask() if len(self._tried()) < self._sweep.trials else [])

    def _setting(self, trial: Any) -> dict[str, Any]:
        """Return the keys of a setting, each with its value."""
        return {axis.key: _value(axis, trial.params[axis.key]) for axis in self._axes}

    def _tell(
        self, trial: FrozenTrial, networks: Sequence[TrialRow], histories: dict[Path, History]
    ) -> None:
        from optuna.trial import Trial, TrialState

        states = {row.state for row in networks}
        if not networks or states & {"waiting", "training"}:
            return
        if "failed" in states:
            self.study.tell(trial.number, state=TrialState.FAIL)
            return
        if self._sweep.prune:
            # A trial that was asked for by another process is known by its number alone.
            storage = self._storage
            study = storage.get_study_id_from_name(STUDY)
            number = storage.get_trial_id_from_study_id_trial_number(study, trial.number)
            live = Trial(self.study, number)
            for step, loss in self._losses(networks, histories):
                live.report(loss, step)
        if "pruned" in states:
            self.study.tell(trial.number, state=TrialState.PRUNED)
        else:
            self.study.tell(trial.number, _objective(networks))

    # --- pruning ---------------------------------------------------------------------------

    @property
    def _steps(self) -> list[int]:
        """The steps at which networks may be pruned: those that are measured, where any are."""
        stride = self._alone.evaluation_stride or 1
        steps = (int(self._alone.steps * share) // stride * stride for share in SHARES)
        return sorted({step for step in steps if step})

    def _rungs(self) -> Iterator[tuple[int, float]]:
        """Yield each step at which enough settings came so far, with the median of their losses."""
        for step in self._steps:
            told = (each.intermediate_values for each in self._tried())
            losses = [values[step] for values in told if step in values]
            if len(losses) >= LEAST_BEFORE:
                yield step, statistics.median(losses)

    def _losses(
        self, networks: Sequence[TrialRow], histories: dict[Path, History]
    ) -> Iterator[tuple[int, float]]:
        """Yield the loss of a setting at each step where it may be pruned, as far as it came."""
        for step in self._steps:
            losses = [_loss_at(row, step, histories) for row in networks if row.step >= step]
            if finite := [loss for loss in losses if math.isfinite(loss)]:
                yield step, mean_of(finite)


def _loss_at(row: TrialRow, step: int, histories: dict[Path, History]) -> float:
    history = histories.get(row.run)
    if history is None:
        history = histories[row.run] = History(events_of(row.run / "recording.jsonl"))
    rows = history.series.get("dev") or history.series.get("train")
    # What is there may be a recording of something else than was planned.
    if rows is None or "loss" not in rows.columns or row.member >= rows.members:
        return math.nan
    place = rows.row_at(step)
    return math.nan if place is None else float(rows.across("loss", place)[row.member])


def _objective(networks: Sequence[TrialRow]) -> float:
    """Return what a search makes small: a loss, the mean over seeds."""
    if any(row.state == "diverged" for row in networks):
        return math.inf
    key = "dev_loss" if all("dev_loss" in row.figures for row in networks) else "train_loss"
    return mean_of([row.figures.get(key, math.inf) for row in networks])


def _distribution(axis: SweepAxis) -> BaseDistribution:
    """Return where a key's values lie, in Optuna's words."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    among = axis.open
    if among is None:
        return CategoricalDistribution([json.dumps(value) for value in axis.values])
    log = among.spacing == "log"
    if among.whole:
        return IntDistribution(math.ceil(among.low), math.floor(among.high), log=log)
    return FloatDistribution(among.low, among.high, log=log)


def _value(axis: SweepAxis, drawn: Any) -> Any:
    if axis.open is None:
        return from_json(drawn)
    return drawn if axis.open.whole else axis.open.nearest(drawn)


def _text(setting: Mapping[str, Any]) -> str:
    return json.dumps(setting, sort_keys=True)
