"""What is asked for of a sweep: presets, what is swept of them, and how it is to be trained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from ..errors import PresetError, RunError, one_of_several
from ..experiment.axes import check_sweep
from ..experiment.overrides import typed
from ..experiment.problems import explain
from ..experiment.sweep import Sweep
from ..experiment.training import Population
from ..presets import preset as presets
from ..text.owned import Share
from .executors.registry import processes_of
from .planning import Asked, Terms
from .rates import KEY, RATES, SEEDS, steps_of

Form = Literal["text", "json", "csv"]


@dataclass(frozen=True, kw_only=True)
class Order:
    """What is asked for."""

    references: tuple[str, ...]
    """Presets, or one sweep that is there."""
    runs_dir: Path
    share: Share = "nobody"
    """Who else may read a sweep that is new."""
    overrides: tuple[str, ...] = ()
    """What is changed of every preset."""
    grid: tuple[str, ...] = ()
    """What is swept, as texts."""
    said_with: str = "--grid"
    """The option that said so, for the messages."""
    seeds: int | None = None
    random: int | None = None
    search: Literal["tpe"] | None = None
    trials: int | None = None
    """How many settings a search tries."""
    prune: bool = False
    executor: str = "local"
    device: str = "cpu"
    allow_code: bool = False
    fail_fast: bool = False
    retry: bool = False
    detach: bool = False
    into: str = ""
    new: bool = False
    lr_range: bool = False
    """Whether a learning rate is to be found."""
    dry_run: bool = False
    form: Form = "text"
    bare: bool = False
    """Whether texts of CSV stay as they are that a spreadsheet would take for formulas."""
    quiet: bool = False

    @property
    def terms(self) -> Terms:
        """How its groups are trained.

        Raises:
            ExecutorError: Nobody is there to train them.
        """
        processes = processes_of(self.executor)
        return Terms(processes=processes, device=self.device, allow_code=self.allow_code)

    def called(self, asked: Sequence[Asked]) -> str:
        """Return what a new sweep's name begins with: a preset's own says no more than its name."""
        more = f"-and-{len(asked) - 1}-more" if len(asked) > 1 else ""
        kind = "-grid" if self.grid or self.seeds else ""
        kind = "-rates" if self.lr_range else "-search" if self.search else kind
        return f"{asked[0].name}{more}{kind}"


def asked_for(order: Order) -> list[Asked]:
    """Return the presets that are asked for, with what is swept of them.

    Raises:
        PresetError: With everything that is wrong with one of them.
    """
    table = typed(order.grid, order.said_with)
    asked = []
    for reference in order.references:
        with one_of_several(reference, len(order.references)):
            asked.append(_asked(reference, order, table))
    if len({each.name for each in asked}) < len(asked):
        raise RunError(
            f"{' '.join(order.references)}: two presets are called the same, by which a sweep "
            "knows them; rename one, or sweep them one after the other"
        )
    return asked


def _asked(reference: str, order: Order, grid: dict[str, list[Any]]) -> Asked:
    loaded = presets.load(reference, order.overrides)
    # What a preset sweeps itself is in the way where its learning rate is to be found.
    said = Sweep() if order.lr_range else loaded.experiment.sweep
    if loaded.experiment.population != Population():
        raise RunError(f"{reference}: has a population of its own; a sweep says what is trained")
    search = order.search or (None if order.random else said.search)
    if not search and (order.trials or order.prune):
        option = "--trials" if order.trials else "--prune"
        raise RunError(f"{option}: is of a search; add --search tpe")
    if order.search and order.random:
        raise RunError("--random: leave it out, or --search")
    swept = _swept(
        {
            "grid": {**said.grid, **grid},
            "seeds": order.seeds or said.seeds,
            "random": None if search else order.random or said.random,
            "search": search,
            "trials": order.trials or said.trials,
            "prune": bool(search) and (order.prune or said.prune),
        },
        order.said_with,
    )
    experiment = loaded.experiment.model_copy(update={"sweep": swept})
    try:
        check_sweep(experiment, order.said_with if grid else str(loaded.path))
    except PresetError as error:
        if not grid:
            raise
        # What was typed has no key, which only a file has.
        raise PresetError([replace(each, key="") for each in error.problems]) from None
    return Asked(loaded.name, experiment)


def _swept(table: dict[str, Any], said_with: str) -> Sweep:
    """Return what a table says is swept.

    Raises:
        PresetError: It holds values that no key takes, such as nan.
    """
    try:
        return Sweep.model_validate(table)
    except ValidationError as error:
        raise PresetError(explain(error, table, said_with, Sweep)) from None


def rates_asked(order: Order) -> Order:
    """Return what is asked for where a learning rate is to be found.

    Raises:
        RunError: It is not asked for of one preset.
    """
    if len(order.references) != 1:
        raise RunError("--lr-range: finds the rate of one preset at a time")
    if {*typed(order.grid, order.said_with)} - {KEY} or order.search:
        raise RunError(
            f"--lr-range: tries rates alone; leave out --grid and --search, or say which: --grid "
            f"{KEY}=0.01,0.1"
        )
    loaded = presets.load(order.references[0], order.overrides).experiment
    said = [text.partition("=")[0].strip() for text in order.overrides]
    lengths = {"train.steps", "train.epochs"}
    short = () if lengths & {*said} else (f"train.steps={steps_of(loaded)}",)
    return replace(
        order,
        overrides=(*order.overrides, *short),
        grid=order.grid or RATES,
        seeds=order.seeds or SEEDS,
    )
