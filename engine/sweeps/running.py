"""A sweep going on: its groups handed to whoever trains them, and told of as they end.

    groups ──► executor ──► train_group(folder, number), wherever that is
                   │                    └─► recordings ──► table, progress
                   └─► futures ─► failures as they happen, and what is left

A group whose process dies is trained again whole, by itself; one whose process dies twice has
failed. Ctrl-C, ``epochal stop`` and a failure that was to end everything all leave the file that
asks groups to stop: they end between two steps, and are trained again whole the next time.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from dataclasses import dataclass, field
from typing import Final

from ..headless.progress import Progress
from ..headless.run import DONE, FAILED, INTERRUPTED, Interrupts
from ..recording.events import End, Resume
from ..recording.file import Recorder
from ..runs.folder import RunFolder
from ..runs.summary import glance
from ..text.safe import plain
from ..text.tables import time_text
from .folder import SweepFolder
from .group import TrialGroup
from .locks import locked
from .naming import common_text
from .planning import Work, retry
from .table import SweepReader, progress_text, statuses_of
from .training import train_group

POLL_SECONDS: Final = 0.5
"""How often it is looked who is done."""

PROGRESS_SECONDS: Final = 2.0
"""How often recordings are looked at for how far they are."""

STOP_SECONDS: Final = 10.0
"""How long groups that are asked to stop are waited for."""

MOST_DEATHS: Final = 2
"""Processes that a group may take with it."""


@dataclass(kw_only=True)
class Running:
    """Trains the groups of a sweep."""

    folder: SweepFolder
    work: Work
    """What is to be done."""
    executor: Callable[[], Executor]
    """Makes what trains groups, and once more where it broke."""
    interrupts: Interrupts
    """The first asks groups to stop, the second does not wait for them."""
    progress: Progress
    """Shows how it goes on."""
    say: Callable[[str], None]
    """Says what went wrong, at once."""
    fail_fast: bool = False
    """Whether the first failure ends everything."""
    retry: bool = False
    """Whether what fails is tried again at once, in ever smaller groups."""
    broken_off: Callable[[], None] = lambda: None
    """Called before the second interrupt ends this process at once."""
    clock: Callable[[], float] = time.monotonic
    failed: int = 0
    """Groups that failed."""
    _futures: dict[Future[str], TrialGroup] = field(default_factory=dict)
    _deaths: Counter[int] = field(default_factory=Counter)

    def run(self) -> int:
        """Train until nothing is left, or somebody wants it to stop.

        Returns:
            The exit status.
        """
        self._started = self._shown = self.clock()
        self._reader = SweepReader(self.folder.path)
        self.folder.stop_file.unlink(missing_ok=True)
        left = list(self.work.groups)
        with self.progress:
            while left and not self._stopping:
                # Of those that were trained when a process died one may be why: each by itself.
                now = [each for each in left if not self._deaths[each.number]] or left[:1]
                left = [each for each in left if each not in now] + self._trained(now)
        return self._status()

    def _trained(self, groups: list[TrialGroup]) -> list[TrialGroup]:
        """Have groups trained; return what is to be trained again, or because of them."""
        executor, folder = self.executor(), str(self.folder.path.resolve())
        try:
            self._futures = {
                executor.submit(train_group, folder, each.number): each for each in groups
            }
            again = self._follow()
            if self._stopping:
                self._await_writers(groups)
            return again
        finally:
            executor.shutdown(wait=True, cancel_futures=True)

    @property
    def _stopping(self) -> bool:
        return self.folder.is_asked_to_stop

    def _follow(self) -> list[TrialGroup]:
        """Follow what was handed over; return what is to be handed over again."""
        again: list[TrialGroup] = []
        while self._futures:
            done, _ = wait(self._futures, POLL_SECONDS, FIRST_COMPLETED)
            broken = [self._futures[each] for each in done if _died(each)]
            for future in sorted(done, key=lambda each: self._futures[each].number):
                group = self._futures.pop(future)
                if group not in broken:
                    again += self._ended(group, future)
            if broken:
                # All that were handed over break together; those that had begun may be why.
                left = [*broken, *self._futures.values()]
                again += self._survivors(sorted(left, key=lambda each: each.number))
                self._futures.clear()
            self._heed_interrupts()
            if self._stopping:
                self._futures = {call: g for call, g in self._futures.items() if not call.cancel()}
            self._show()
        return again

    def _await_writers(self, groups: list[TrialGroup]) -> None:
        """Wait for groups that end between two steps, though nobody waits for their calls."""
        deadline = self.clock() + STOP_SECONDS
        for group in groups:
            while _written(self.folder.group(group.number)) and self.clock() < deadline:
                time.sleep(POLL_SECONDS / 10)

    def _ended(self, group: TrialGroup, future: Future[str]) -> list[TrialGroup]:
        """Take note of how a group ended; return what is to be trained because of it."""
        if future.cancelled():
            return self._failed(group, "who was to train it has cancelled it")
        error = future.exception()
        if error is None and future.result() != "failed":
            return []
        end = glance(self.folder.group(group.number)).end
        return self._failed(group, str(error or (end.reason if end else "nothing was recorded")))

    def _failed(self, group: TrialGroup, reason: str) -> list[TrialGroup]:
        """Say that a group failed; return what is to be trained because of it."""
        self.failed += 1
        self.say(plain(f"{self._words(group)} failed: {reason}"))
        if self.fail_fast:
            self._stop()
        elif self.retry and len(group.trials) > 1:
            parts = retry(self.work, group)
            self.work.write(self.folder)
            return parts
        return []

    def _survivors(self, groups: list[TrialGroup]) -> list[TrialGroup]:
        """Return what is to be trained after a process has died."""
        begun = [g for g in groups if self.folder.group(g.number).recording.exists()]
        for group in begun or groups:
            if glance(self.folder.group(group.number)).end is None:
                self._deaths[group.number] += 1
        again = [group for group in groups if self._deaths[group.number] < MOST_DEATHS]
        if again == groups:
            self.say("a process died; what it was training is trained again")
        for group in groups:
            if group not in again:
                reason = f"its process died {MOST_DEATHS} times; memory may have run out"
                self._record_death(group, reason)
                again += self._failed(group, reason)
        return again

    def _record_death(self, group: TrialGroup, reason: str) -> None:
        """Say in a group's recording that it failed, where it has one."""
        path = self.folder.group(group.number).recording
        if path.exists():
            step = glance(self.folder.group(group.number)).step
            here = Resume(from_step=step, host="", pid=os.getpid(), time=time.time())
            recorder = Recorder.reopen(path, here)
            recorder.record(End(step=step, status="failed", reason=reason))
            recorder.close()

    def _heed_interrupts(self) -> None:
        if self.interrupts.count == 1 and not self._stopping:
            self.progress.say("stopping after this step; once more ends it at once")
            self._stop()
        elif self.interrupts.count > 1:
            # The processes that train end with this one.
            self.broken_off()
            os._exit(INTERRUPTED)

    def _stop(self) -> None:
        self.folder.ask_to_stop()

    def _status(self) -> int:
        stopped = self._stopping and not (self.failed and self.fail_fast)
        self.folder.stop_file.unlink(missing_ok=True)
        if self.interrupts.count or (stopped and self.failed == 0 and self._left()):
            return INTERRUPTED
        return FAILED if self.failed else DONE

    def _left(self) -> bool:
        return any(self._reader.glance(group).end is None for group in self.work.groups)

    def _words(self, group: TrialGroup) -> str:
        """Return what to call a group: its folder, and what its trials have in common."""
        plan, count = self.work.plan, len(group.trials)
        which = f"{count} trials" if count > 1 else f"seed {plan.trials[group.trials[0]].seed}"
        return f"group-{group.number} ({common_text(plan, group)}, {which})"

    def _show(self) -> None:
        """Show how far it is, and how long it may take."""
        if self.clock() - self._shown < PROGRESS_SECONDS and self._futures:
            return
        self._shown = self.clock()
        done, over, diverged = 0.0, 0, 0
        for group in self.work.groups:
            seen, trials = self._reader.glance(group), len(group.trials)
            done += trials * (1.0 if seen.end else seen.step / seen.steps if seen.steps else 0.0)
            over += trials if seen.end else 0
            diverged += statuses_of(seen.end, trials).count("diverged") if seen.end else 0
        count = sum(len(group.trials) for group in self.work.groups)
        words = [progress_text(over, count, diverged)]
        if done and over < count:
            left = (self.clock() - self._started) * (count - done) / done
            words.append(f"about {time_text(left)} left")
        if self.failed:
            words.append(f"{self.failed} groups failed")
        self.progress.at(int(done), lambda: " · ".join(words))


def _written(run: RunFolder) -> bool:
    """Whether a process writes a run's recording."""
    with contextlib.suppress(FileNotFoundError), locked(run.recording, shared=True) as free:
        return not free
    return False


def _died(future: Future[str]) -> bool:
    return not future.cancelled() and isinstance(future.exception(), BrokenExecutor)
