"""Slurm, by submitit: what is asked for at about the same time is an array of jobs.

    slurm                                  the cluster's own defaults
    slurm:partition=short,time=60,jobs=8   any option of sbatch; at most so many jobs at once
    slurm:cluster=local                    the same jobs without Slurm, as processes of this machine

    submit ─► waiting ─► every second: an array ─► jobs ─► their results ─► futures
                            a job has several calls, one after another

A job that is pre-empted goes back into the queue and does what it had not yet done. Files of jobs
that went well are removed, those of others are left to be read in the folder's ``jobs``.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ...text.owned import ensure_folder
from ...text.safe import plain
from .errors import ExecutorError

if TYPE_CHECKING:
    import submitit

JOBS: Final = 32
"""How many jobs an array has at most, where nobody says so."""

POLL_SECONDS: Final = 1.0
"""How often calls are gathered and jobs looked at."""

QUEUE_LOOKS: Final = 5
"""Every so many looks at jobs of which the cluster keeps no account the queue itself is asked."""

END_SECONDS: Final = 2.0
"""How long jobs that were cancelled are waited for."""

MINUTES: Final = 24 * 60
"""How long a job may take where nobody says so: submitit's own five minutes end most of them."""


def slurm_executor(argument: str, folder: Path) -> ArrayExecutor:
    """Return an executor whose calls are jobs of Slurm.

    Args:
        argument: Options as ``key=value``, with commas between them.
        folder: The folder of the sweep; jobs and their logs are kept in its ``jobs``.

    Raises:
        ExecutorError: There is no Slurm, or an option is wrong.
    """
    import submitit

    # It warns at every look where the cluster keeps no accounts; jobs are then looked for here.
    logging.getLogger("submitit").setLevel(logging.ERROR)
    options = _options(argument)
    jobs = processes(argument)
    options.pop("jobs", None)
    cluster = options.pop("cluster", "slurm")
    minutes = options.pop("time", MINUTES)
    ensure_folder(folder / "jobs")
    try:
        submitter = submitit.AutoExecutor(folder / "jobs", cluster=str(cluster))
        submitter.update_parameters(
            name="epochal", timeout_min=minutes, **{f"slurm_{key}": options[key] for key in options}
        )
        if cluster == "slurm":
            submitter.update_parameters(
                slurm_setup=["export OMP_NUM_THREADS=1"], slurm_array_parallelism=jobs
            )
    except RuntimeError:
        raise ExecutorError(
            "--executor slurm: there is no sbatch here; run this where jobs are submitted, or "
            "without Slurm: --executor local"
        ) from None
    except (NameError, TypeError, ValueError) as error:
        said = plain(str(error)).splitlines()[0]
        raise ExecutorError(f"--executor slurm:{argument}: {said}") from None
    return ArrayExecutor(submitter, jobs, poll_seconds=POLL_SECONDS)


def processes(argument: str) -> int:
    """Return how many jobs are meant to run at once.

    Raises:
        ExecutorError: An option is wrong.
    """
    jobs = _options(argument).get("jobs", JOBS)
    if not isinstance(jobs, int) or jobs < 1:
        raise ExecutorError(f"--executor slurm:{argument}: jobs is a number from 1 on")
    return jobs


def _options(argument: str) -> dict[str, int | str]:
    """Return options as they were said.

    Raises:
        ExecutorError: One has no value.
    """
    options: dict[str, int | str] = {}
    for option in filter(None, argument.split(",")):
        key, equals, value = option.partition("=")
        if not equals or not value:
            raise ExecutorError(
                f"--executor slurm:{argument}: {option!r} says no value; such as "
                "slurm:partition=short,time=60"
            )
        options[key.strip()] = int(value) if value.isdecimal() else value
    return options


@dataclass(frozen=True)
class Call:
    """A call that somebody is to make."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    named: Mapping[str, Any]


@dataclass(frozen=True)
class CallOutcome:
    """What came of a call."""

    value: Any = None
    error: Exception | None = None


@dataclass
class JobCalls:
    """The calls of one job, made one after another; what is done stays done when it is requeued."""

    outcomes: list[CallOutcome] = field(default_factory=list)

    def __call__(self, calls: Sequence[Call]) -> list[CallOutcome]:
        """Make the calls that were not made yet."""
        for call in calls[len(self.outcomes) :]:
            self.outcomes.append(_outcome(call))
        return self.outcomes

    def checkpoint(self, calls: Sequence[Call]) -> submitit.helpers.DelayedSubmission:
        """Return what goes back into the queue when the job is pre-empted."""
        import submitit

        return submitit.helpers.DelayedSubmission(self, calls)


def _outcome(call: Call) -> CallOutcome:
    try:
        return CallOutcome(call.function(*call.arguments, **call.named))
    except Exception as error:
        return CallOutcome(error=error)


@dataclass
class SentBatch:
    """A job that was submitted, and who waits for its calls."""

    job: submitit.Job[list[CallOutcome]]
    waiting: Sequence[Future[Any]]
    looks: int = 0
    """How often its state was not known."""


class ArrayExecutor(Executor):
    """Submits what it is asked for as arrays of jobs.

    Args:
        submitter: What submits them.
        jobs: How many jobs an array has at most.
        poll_seconds: How often calls are gathered and jobs looked at.
    """

    def __init__(self, submitter: submitit.Executor, jobs: int, *, poll_seconds: float) -> None:
        self._submitter = submitter
        self._jobs = jobs
        self._poll_seconds = poll_seconds
        self._waiting: list[tuple[Call, Future[Any]]] = []
        self._sent: list[SentBatch] = []
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None
        self._cancels = False

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Have a call made by a job of the next array."""
        future: Future[Any] = Future()
        with self._lock:
            if self._closed.is_set():
                raise RuntimeError("cannot schedule new futures after shutdown")
            self._waiting.append((Call(fn, args, kwargs), future))
            if self._thread is None:
                self._thread = threading.Thread(target=self._serve, daemon=True)
                self._thread.start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more calls.

        Args:
            wait: Whether to wait until all that were asked for are made.
            cancel_futures: Whether jobs that are not done are cancelled.
        """
        with self._lock:
            self._cancels |= cancel_futures
            self._closed.set()
        if (wait or cancel_futures) and self._thread is not None:
            self._thread.join()

    def _serve(self) -> None:
        """Submit what waits and pass on what is done, until nothing is left to be done."""
        while True:
            # Asked first: what is asked for before it is closed is then surely seen.
            closed = self._closed.wait(0 if self._closed.is_set() else self._poll_seconds)
            with self._lock:
                waiting, self._waiting = self._waiting, []
            if self._cancels:
                self._cancel([future for _, future in waiting])
                return
            self._send([each for each in waiting if not each[1].cancelled()])
            going = []
            for sent in self._sent:
                if all(future.cancelled() for future in sent.waiting):
                    _end([sent.job])
                elif sent.job.done():
                    _pass_on(sent)
                elif self._is_lost(sent):
                    _fail(sent, "it is in the queue no more, and left no result")
                else:
                    going.append(sent)
            self._sent = going
            if closed and not going:
                return
            if closed:
                time.sleep(self._poll_seconds)

    def _is_lost(self, sent: SentBatch) -> bool:
        """Whether a job is in the queue no more, where the cluster keeps no accounts to ask."""
        if sent.job.state != "UNKNOWN":
            return False
        sent.looks += 1
        if sent.looks % QUEUE_LOOKS:
            return False
        asked = ["squeue", "--noheader", "--jobs", sent.job.job_id]
        queue = subprocess.run(asked, capture_output=True, text=True, check=False)
        # Slurm forgets a job some minutes after it ended, and then says that there is none such.
        gone = not queue.stdout.strip() and (not queue.returncode or "nvalid job" in queue.stderr)
        return gone and not sent.job.paths.result_pickle.exists()

    def _cancel(self, waiting: Sequence[Future[Any]]) -> None:
        """Call off what nobody has begun, and the jobs that are not done."""
        for future in waiting:
            future.cancel()
        _end([sent.job for sent in self._sent])
        for sent in self._sent:
            _fail(sent, "it was cancelled")

    def _send(self, calls: Sequence[tuple[Call, Future[Any]]]) -> None:
        """Submit some calls as one array."""
        if not calls:
            return
        batches = list(dealt(calls, self._jobs))
        try:
            with self._submitter.batch():
                jobs = [
                    self._submitter.submit(JobCalls(), [call for call, _ in batch])
                    for batch in batches
                ]
        except Exception as error:
            for _, future in calls:
                future.set_exception(ExecutorError(f"slurm: no job could be submitted: {error}"))
            return
        with self._lock:
            self._sent += [
                SentBatch(job, [future for _, future in batch])
                for job, batch in zip(jobs, batches, strict=True)
            ]


def dealt(calls: Sequence[Any], jobs: int) -> Iterator[Sequence[Any]]:
    """Yield the calls of each job, dealt out like cards, so that each has about as many."""
    for first in range(min(jobs, len(calls))):
        yield list(itertools.islice(calls, first, None, jobs))


def _end(jobs: Sequence[submitit.Job[list[CallOutcome]]]) -> None:
    """Cancel jobs, and wait a little for them to end."""
    for job in jobs:
        job.cancel(check=False)
    deadline = time.monotonic() + END_SECONDS
    while time.monotonic() < deadline and not all(job.done() for job in jobs):
        time.sleep(END_SECONDS / 50)


def _pass_on(sent: SentBatch) -> None:
    """Give what a job came to to whoever waits for it, and remove its files where it went well."""
    try:
        outcomes = sent.job.results()[0]
    except Exception as error:
        _fail(sent, plain(str(error)).strip().splitlines()[-1])
        return
    for future, outcome in zip(sent.waiting, outcomes, strict=True):
        if not future.set_running_or_notify_cancel():
            continue
        if outcome.error is None:
            future.set_result(outcome.value)
        else:
            future.set_exception(outcome.error)
    if all(outcome.error is None for outcome in outcomes):
        _clear_away(sent)


def _fail(sent: SentBatch, why: str) -> None:
    """Tell whoever waits for a job that nothing comes of it."""
    log = sent.job.paths.stderr
    for future in sent.waiting:
        if future.set_running_or_notify_cancel():
            future.set_exception(
                ExecutorError(f"slurm: job {sent.job.job_id} failed: {why}; its log: {log}")
            )


def _clear_away(sent: SentBatch) -> None:
    paths = sent.job.paths
    files = (paths.submitted_pickle, paths.result_pickle, paths.stdout, paths.stderr)
    for path in files:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
