"""A sweep without a screen: asked for, trained, and printed."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence

from ..errors import RunError
from ..headless.progress import progress_for
from ..headless.run import DONE, FAILED, INTERRUPTED, Interrupts
from ..text.safe import plain
from . import printing
from .detached import detach
from .executors.registry import executor_of
from .folder import SweepFolder
from .forecast import forecast
from .order import Form, Order, asked_for, rates_asked
from .planning import Asked, Work, folder_for, folder_there, plan_of, work_in, work_left
from .rates import rates_text
from .references import sweep_by_name
from .running import Running
from .search import BATCH, Search, check_optuna
from .table import SweepTable, read
from .telling import SweepWatch


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
        return _done_in(there, order, lambda: work_left(there.plan(), there, order.terms))
    if order.lr_range:
        order = rates_asked(order)
    return sweep_of(order, asked_for(order))


def sweep_of(order: Order, asked: Sequence[Asked]) -> int:
    """Do what is asked for of presets that are read."""
    plan, terms = plan_of(asked), order.terms
    searched = any(each.experiment.sweep.search for each in asked)
    if searched and len(asked) > 1:
        raise RunError(f"--search: is of one preset, and here are {len(asked)}")
    if searched:
        check_optuna()
    if order.dry_run:
        there = folder_there(plan, order.runs_dir, into=order.into, new=order.new)
        if there and searched:
            return _search_in(there, order, Search(there, asked[0]))
        print(forecast(work_in(there.plan() if there else plan, asked, there, terms), terms))
        return DONE
    folder = folder_for(
        plan,
        order.runs_dir,
        called=order.called(asked),
        into=order.into,
        new=order.new,
        share=order.share,
    )
    if searched:
        return _search_in(folder, order, Search(folder, asked[0]))
    return _done_in(folder, order, lambda: work_in(folder.plan(), asked, folder, terms))


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
        print(forecast(planned(), order.terms))
        return DONE
    with folder.trained():
        work = planned()
        # Only whoever holds a sweep writes in its plan.
        work.write(folder)
        status = DONE
        if not order.detach:
            with SweepWatch(folder, _complain) as telling:
                status = telling.came_to(_trained(folder, order, work, telling))
    return _ended(folder, order, status, work.digests)


def _search_in(folder: SweepFolder, order: Order, search: Search) -> int:
    """Search on in a sweep's folder, or have it done; print what came of it."""
    if order.dry_run:
        print(f"{search.left} settings are left, asked for {BATCH} at a time as results come")
        if order.retry:
            print(f"{read(folder.path).count('failed')} trials that failed are tried again")
        return DONE
    with folder.trained():
        search.write(folder.plan())
        status = DONE
        if not order.detach:
            with SweepWatch(folder, _complain) as telling:
                status = telling.came_to(_searched(folder, order, search, telling))
    return _ended(folder, order, status, {trial.digest for trial in folder.plan().trials})


def _searched(folder: SweepFolder, order: Order, search: Search, telling: SweepWatch) -> int:
    """Train batch after batch; return the worst exit status of them."""
    worst = _retried(folder, order, search, telling) if order.retry else DONE
    while worst != INTERRUPTED and (work := search.next(order.terms)) is not None:
        status = _trained(folder, order, work, telling)
        worst = max(worst, status)
        # What is not over has been broken off: the same command goes on with it.
        if not search.tell(read(folder.path)) or (status and order.fail_fast):
            break
    return worst


def _retried(folder: SweepFolder, order: Order, search: Search, telling: SweepWatch) -> int:
    """Try once more what has failed, and tell the study; return the exit status."""
    failed = {trial.digest for trial in read(folder.path).trials if trial.state == "failed"}
    work = work_in(folder.plan(), [], folder, order.terms, wanted=failed)
    work.write(folder)
    status = _trained(folder, order, work, telling)
    search.tell_again(read(folder.path))
    return status


def _ended(folder: SweepFolder, order: Order, status: int, digests: set[str]) -> int:
    """Print what the trials that were asked for came to, or who goes on with them."""
    if order.detach:
        detach(folder, _again(folder, order))
        if not order.quiet:
            how_far = "it goes on by itself: epochal runs says how far it is"
            name = plain(folder.name)
            _complain(f"{how_far}; epochal show and epochal stop take its name, {name}")
        print(folder.path)
        return DONE
    table = read(folder.path).only(digests)
    if order.lr_range and order.form == "text":
        print(rates_text(table))
    else:
        _print(table, order.form, bare=order.bare)
    broken = table.count("failed") or table.count("diverged") == len(table.trials)
    return status or (FAILED if broken else DONE)


def _trained(folder: SweepFolder, order: Order, work: Work, telling: SweepWatch) -> int:
    """Train what is to be trained; return the exit status."""
    if not work.groups:
        return DONE
    telling.begin()
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
            broken_off=telling.broken_off,
        ).run()


def _again(folder: SweepFolder, order: Order) -> list[str]:
    """Return the arguments that go on with a sweep in the same way."""
    switches = ["--retry"] * order.retry + ["--fail-fast"] * order.fail_fast
    return [str(folder.path.resolve()), "--executor", order.executor, "--quiet", *switches]


def _print(table: SweepTable, form: Form, *, bare: bool) -> None:
    if form == "json":
        for item in printing.objects(table):
            print(json.dumps(item, ensure_ascii=False))
    elif form == "csv":
        print(printing.csv_text(table, bare=bare), end="")
    else:
        print(printing.text(table))


def _complain(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
