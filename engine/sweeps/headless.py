"""A sweep without a screen: asked for, trained, and printed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from ..errors import PresetError, Problem, RunError
from ..experiment.axes import check_sweep
from ..experiment.overrides import typed
from ..experiment.sweep import Sweep
from ..experiment.training import Population
from ..headless.progress import progress_for
from ..headless.run import DONE, FAILED, Interrupts
from ..presets import preset as presets
from ..presets.preset import Preset
from ..text.safe import plain
from . import printing
from .detached import detach
from .executors.registry import executor_of, processes_of
from .folder import SweepFolder
from .forecast import forecast
from .planning import Asked, Terms, Work, folder_for, folder_there, plan_of, work_in, work_left
from .rates import KEY, RATES, SEEDS, rates_text, steps_of
from .references import sweep_by_name
from .running import Running
from .search import BATCH, Search, check_optuna
from .table import SweepTable, read

Form = Literal["text", "json", "csv"]


@dataclass(frozen=True, kw_only=True)
class Order:
    """What is asked for."""

    references: tuple[str, ...]
    """Presets, or one sweep that is there."""
    runs_dir: Path
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
    quiet: bool = False


def run_sweep(order: Order) -> int:
    """Do what is asked for, and print the table.

    Returns:
        The exit status: the worst that any group came to.

    Raises:
        EpochalError: It does not hold, or cannot be done here.
    """
    there = _sweep_named(order)
    if there is not None and there.plan().search is not None:
        return _search_in(there, order, Search.planned(there, there.plan()))
    if there is not None:
        return _done_in(there, order, lambda: work_left(there.plan(), there, _terms(order)))
    if order.lr_range:
        order = _rates_asked(order)
    return sweep_of(order, asked_for(order))


@dataclass(frozen=True, kw_only=True)
class RunOrder:
    """A run that is asked for, which may come to be a sweep."""

    reference: str
    """A preset."""
    overrides: list[str]
    """What is changed of it."""
    population: list[str]
    """The same, and the population that is asked for."""
    vary: list[str]
    """What is to vary, as texts."""
    seeds: int | None
    runs_dir: Path
    device: str
    allow_code: bool
    as_json: bool
    quiet: bool
    told: bool
    """Whether it is to be told of step by step."""


def run_or_sweep(order: RunOrder) -> Preset | int:
    """Return the preset that is to be run; or sweep it, and return the exit status.

    It is swept where it says so itself, and where what is to vary is no population: networks of
    several shapes.

    Raises:
        PresetError: With everything that is wrong with it.
    """
    base = presets.load(order.reference, order.overrides)
    refused = None
    if base.experiment.sweep == Sweep():
        try:
            return presets.load(order.reference, order.population)
        except PresetError as error:
            if not order.vary:
                raise
            refused = error
    sweep = Order(
        references=(order.reference,),
        runs_dir=order.runs_dir,
        overrides=tuple(order.overrides),
        grid=tuple(order.vary),
        said_with="--vary",
        seeds=order.seeds,
        device="cpu" if order.device == "auto" else order.device,
        allow_code=order.allow_code,
        form="json" if order.as_json else "text",
        quiet=order.quiet,
    )
    try:
        asked = asked_for(sweep)
    except PresetError:
        # What holds neither way is refused as the population that it was meant to be.
        if refused is not None:
            raise refused from None
        raise
    if order.told:
        raise RunError(
            f"{order.reference}: is a sweep, of which each group has its own log: epochal show "
            "SWEEP/group-1 --log; leave out --log-every and --improvements"
        )
    return sweep_of(sweep, asked)


def sweep_of(order: Order, asked: Sequence[Asked]) -> int:
    """Do what is asked for of presets that are read."""
    plan, terms = plan_of(asked), _terms(order)
    searched = any(each.experiment.sweep.search for each in asked)
    if searched and len(asked) > 1:
        raise RunError(f"--search: is of one preset, and here are {len(asked)}")
    if searched:
        check_optuna()
    if order.dry_run:
        there = folder_there(plan, order.runs_dir, into=order.into, new=order.new)
        print(forecast(work_in(there.plan() if there else plan, asked, there, terms), terms))
        return DONE
    folder = folder_for(
        plan, order.runs_dir, called=_called(order, asked), into=order.into, new=order.new
    )
    if searched:
        return _search_in(folder, order, Search(folder, asked[0]))
    return _done_in(folder, order, lambda: work_in(folder.plan(), asked, folder, terms))


def _called(order: Order, asked: Sequence[Asked]) -> str:
    """Return what a new sweep's name begins with: a preset's own says no more than its name."""
    more = f"-and-{len(asked) - 1}-more" if len(asked) > 1 else ""
    kind = "-rates" if order.lr_range else "-grid" if order.grid or order.seeds else ""
    kind = "-search" if order.search else kind
    return f"{asked[0].name}{more}{kind}"


def _terms(order: Order) -> Terms:
    processes = processes_of(order.executor)
    return Terms(processes=processes, device=order.device, allow_code=order.allow_code)


def asked_for(order: Order) -> list[Asked]:
    """Return the presets that are asked for, with what is swept of them.

    Raises:
        PresetError: With everything that is wrong with one of them.
    """
    if len({*order.references}) < len(order.references):
        raise RunError(f"{' '.join(order.references)}: each preset can be swept once")
    table = typed(order.grid, order.said_with)
    return [_asked(reference, order, table) for reference in order.references]


def _asked(reference: str, order: Order, grid: dict[str, list[Any]]) -> Asked:
    loaded = presets.load(reference, order.overrides)
    # What a preset sweeps itself is in the way where its learning rate is to be found.
    own = Sweep() if order.lr_range else loaded.experiment.sweep
    if loaded.experiment.population != Population():
        raise RunError(f"{reference}: has a population of its own; a sweep says what is trained")
    search = order.search or (None if order.random else own.search)
    if not search and (order.trials or order.prune):
        option = "--trials" if order.trials else "--prune"
        raise RunError(f"{option}: is of a search; add --search tpe")
    if order.search and order.random:
        raise RunError("--random: leave it out, or --search")
    swept = Sweep(
        grid={**own.grid, **grid},
        seeds=order.seeds or own.seeds,
        random=None if search else order.random or own.random,
        search=search,
        trials=order.trials or own.trials,
        prune=bool(search) and (order.prune or own.prune),
    )
    experiment = loaded.experiment.model_copy(update={"sweep": swept})
    try:
        check_sweep(experiment, order.said_with if grid else str(loaded.path))
    except PresetError as error:
        if not grid:
            raise
        raise PresetError([_from_command(each) for each in error.problems]) from None
    return Asked(loaded.name, experiment)


def _from_command(problem: Problem) -> Problem:
    """Return a problem of what was typed, without the key that only a file has."""
    return replace(problem, key="")


def _rates_asked(order: Order) -> Order:
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


def _sweep_named(order: Order) -> SweepFolder | None:
    """Return the sweep that is to be gone on with, if that is what was named.

    Raises:
        RunError: It is, and something else is asked for as well.
    """
    folders = [sweep_by_name(each, order.runs_dir) for each in order.references]
    named = next(filter(None, folders), None)
    if named is None:
        return None
    more = (order.grid, order.overrides, order.seeds, order.random, order.into, order.search)
    if len(folders) > 1 or any((*more, order.new, order.lr_range)):
        raise RunError(
            f"{plain(named.name)}: is a sweep that is there, and goes on as it was planned; to ask "
            f"for more of it name its preset, with --into {plain(named.name)}"
        )
    return named


def _done_in(folder: SweepFolder, order: Order, planned: Callable[[], Work]) -> int:
    """Do what is to be done in a sweep's folder, or have it done; print what came of it.

    Args:
        folder: The sweep's.
        order: How it is to be done.
        planned: Returns what is to be done, once nobody else can change it.
    """
    if order.dry_run:
        print(forecast(planned(), _terms(order)))
        return DONE
    with folder.held():
        work = planned()
        # Only whoever holds a sweep writes in its plan.
        work.write(folder)
        status = DONE if order.detach else _trained(folder, order, work)
    return _ended(folder, order, status, work.digests)


def _search_in(folder: SweepFolder, order: Order, search: Search) -> int:
    """Search on in a sweep's folder, or have it done; print what came of it."""
    if order.dry_run:
        print(f"{search.left} settings are left, asked for {BATCH} at a time as results come")
        return DONE
    with folder.held():
        search.write(folder.plan())
        status = DONE if order.detach else _searched(folder, order, search)
    return _ended(folder, order, status, {trial.digest for trial in folder.plan().trials})


def _searched(folder: SweepFolder, order: Order, search: Search) -> int:
    """Train batch after batch; return the worst exit status of them."""
    worst = DONE
    while (work := search.next(_terms(order))) is not None:
        status = _trained(folder, order, work)
        worst = max(worst, status)
        # What is not over has been broken off: the same command goes on with it.
        if not search.tell(read(folder.path)) or (status and order.fail_fast):
            break
    return worst


def _ended(folder: SweepFolder, order: Order, status: int, digests: set[str]) -> int:
    """Print what the trials that were asked for came to, or who goes on with them."""
    if order.detach:
        detach(folder, _again(folder, order))
        if not order.quiet:
            _complain("it goes on by itself: epochal runs says how far it is; epochal show and "
                      f"epochal stop take its name, {plain(folder.name)}")  # fmt: skip
        print(folder.path)
        return DONE
    table = read(folder.path).only(digests)
    if order.lr_range and order.form == "text":
        print(rates_text(table))
    else:
        _print(table, order.form)
    broken = table.count("failed") or table.count("diverged") == len(table.trials)
    return status or (FAILED if broken else DONE)


def _trained(folder: SweepFolder, order: Order, work: Work) -> int:
    """Train what is to be trained; return the exit status."""
    if not work.groups:
        return DONE
    count = sum(len(group.trials) for group in work.groups)
    progress = progress_for(count, quiet=order.quiet)
    with Interrupts() as interrupts:
        return Running(
            folder=folder,
            work=work,
            executor=lambda: executor_of(order.executor, folder.path),
            interrupts=interrupts,
            progress=progress,
            say=_complain if order.quiet else progress.say,
            fail_fast=order.fail_fast,
            retry=order.retry,
        ).run()


def _again(folder: SweepFolder, order: Order) -> list[str]:
    """Return the arguments that go on with a sweep in the same way."""
    switches = ["--retry"] * order.retry + ["--fail-fast"] * order.fail_fast
    return [str(folder.path.resolve()), "--executor", order.executor, "--quiet", *switches]


def _print(table: SweepTable, form: Form) -> None:
    import json

    if form == "json":
        for item in printing.objects(table):
            print(json.dumps(item, ensure_ascii=False))
    elif form == "csv":
        print(printing.csv_text(table), end="")
    else:
        print(printing.text(table))


def _complain(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
