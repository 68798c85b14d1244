"""Jobs of Slurm, by submitit: on this machine without Slurm, and with a real one where it is."""

from __future__ import annotations

import contextlib
import math
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from pathlib import Path

import pytest

from benchmarks.interrupted import came_to

submitit = pytest.importorskip("submitit")

from engine.recording.events import Event, Series  # noqa: E402
from engine.recording.file import Recorder  # noqa: E402
from engine.sweeps.executors import slurm as slurm_jobs  # noqa: E402
from engine.sweeps.executors.errors import ExecutorError  # noqa: E402
from engine.sweeps.executors.registry import executor_of  # noqa: E402
from engine.sweeps.executors.slurm import ArrayExecutor, Call, JobCalls, dealt  # noqa: E402
from engine.sweeps.table import read  # noqa: E402
from engine.sweeps.training import train_group  # noqa: E402
from tests.engine.sweeps.small import MOONS, planned, trained  # noqa: E402
from tests.engine.sweeps.small import asked as sweep_asked  # noqa: E402
from tests.patience import DEADLINE  # noqa: E402


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look often, and wait briefly for the result of a job that is dead."""
    monkeypatch.setattr(slurm_jobs, "POLL_SECONDS", 0.05)
    monkeypatch.setattr(submitit.core.core.Job, "_results_timeout_s", 0.1)


def test_calls_come_back_whatever_became_of_their_neighbours(tmp_path: Path) -> None:
    with executor_of("slurm:cluster=local,jobs=2", tmp_path) as executor:
        roots = [executor.submit(math.sqrt, number) for number in (4.0, -1.0, 9.0)]
        assert roots[0].result(DEADLINE) == 2
        assert roots[2].result(DEADLINE) == 3
        with pytest.raises(ValueError, match=r"math domain|nonnegative"):
            roots[1].result(DEADLINE)


def test_of_jobs_that_went_well_no_file_is_left(tmp_path: Path) -> None:
    with executor_of("slurm:cluster=local", tmp_path) as executor:
        assert executor.submit(math.sqrt, 4.0).result(DEADLINE) == 2
    assert [path.name for path in (tmp_path / "jobs").rglob("*") if path.is_file()] == []


def test_a_job_that_dies_says_where_its_log_is(tmp_path: Path) -> None:
    with executor_of("slurm:cluster=local", tmp_path) as executor:
        dead = executor.submit(os._exit, 3)
        with pytest.raises(ExecutorError, match=r"slurm: job \d+ failed: .*its log: .*jobs"):
            dead.result(DEADLINE)


def test_many_calls_are_few_jobs() -> None:
    assert list(dealt(range(10), 4)) == [[0, 4, 8], [1, 5, 9], [2, 6], [3, 7]]
    assert list(dealt([7], 4)) == [[7]]


def test_a_job_that_is_pre_empted_goes_on_with_what_it_had_not_done(tmp_path: Path) -> None:
    made: list[int] = []
    calls = [Call(made.append, (number,), {}) for number in range(3)]
    batch = JobCalls()
    batch(calls[:2])
    back_in_queue = batch.checkpoint(calls)
    again = back_in_queue.function
    assert len(again(*back_in_queue.args)) == 3
    assert made == [0, 1, 2]


def test_a_call_that_is_cancelled_ends_its_job(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    code = f"import os, time; open({str(pid)!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    with executor_of("slurm:cluster=local", tmp_path) as executor:
        call = executor.submit(exec, code)
        until(lambda: pid.exists() and pid.read_text() != "")
        assert call.cancel()
    until(lambda: not Path(f"/proc/{pid.read_text()}").exists())


def test_a_shutdown_that_cancels_waits_for_nothing(tmp_path: Path) -> None:
    executor = executor_of("slurm:cluster=local", tmp_path)
    assert isinstance(executor, ArrayExecutor)
    sleeping = executor.submit(time.sleep, 600)
    until(lambda: executor._sent)
    executor.shutdown(wait=False, cancel_futures=True)
    with pytest.raises(ExecutorError, match="it was cancelled"):
        sleeping.result(DEADLINE)
    with pytest.raises(RuntimeError, match="after shutdown"):
        executor.submit(math.sqrt, 4.0)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("slurm:partition", "'partition' says no value; such as slurm:partition=short,time=60"),
        ("slurm:jobs=none", "jobs is a number from 1 on"),
        ("slurm:cluster=local,hats=2", "hats=2: "),
        ("slurm:cluster=moon", "moon: "),
    ],
)
def test_wrong_options_are_refused(said: str, expected: str, tmp_path: Path) -> None:
    with pytest.raises(ExecutorError) as refused:
        executor_of(said, tmp_path)
    assert expected in str(refused.value)
    assert str(refused.value).startswith(f"--executor {said}")


def test_without_slurm_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ExecutorError, match="there is no sbatch here"):
        executor_of("slurm", tmp_path)


NEEDED = ("munged", "slurmctld", "slurmd", "sbatch")
CONF = """\
ClusterName=one
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SwitchType=switch/none
ReturnToService=2
KillWait=2
SchedulerParameters=sched_interval=1
NodeName={host} NodeAddr=127.0.0.1 CPUs=2
PartitionName=short Nodes={host} Default=YES State=UP
"""


@pytest.fixture(scope="module")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A Slurm of one node, this one; its commands find it by the environment."""
    if os.getuid() != 0 or not all(map(shutil.which, NEEDED)):
        pytest.skip("no Slurm is installed (Debian: slurm-wlm), or this is not root")
    folder = tmp_path_factory.mktemp("slurm")
    for name in ("state", "spool"):
        (folder / name).mkdir()
    key = folder / "munge.key"
    key.write_bytes(os.urandom(128))
    key.chmod(0o600)
    host = socket.gethostname().split(".")[0]
    (folder / "slurm.conf").write_text(CONF.format(folder=folder, host=host, ports=free_ports(2)))
    places = {"socket": "munge.socket", "key-file": "munge.key", "pid-file": "munged.pid"}
    places |= {"log-file": "munged.log", "seed-file": "munge.seed"}
    munged = ["munged", "--force", *(f"--{key}={folder / name}" for key, name in places.items())]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SLURM_CONF", str(folder / "slurm.conf"))
        for command in (munged, ["slurmctld", "-c"], ["slurmd", "-N", host]):
            subprocess.run(command, check=True, capture_output=True, timeout=DEADLINE)
        try:
            until(lambda: asked("sinfo", "-h", "-o", "%T").strip() == "idle")
            yield
        finally:
            subprocess.run(["scancel", "--user=root"], capture_output=True, timeout=DEADLINE)
            for name in ("slurmd", "slurmctld", "munged"):
                os.kill(int((folder / f"{name}.pid").read_text()), signal.SIGTERM)


def free_ports(number: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(number)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def asked(*command: str) -> str:
    return subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=DEADLINE
    ).stdout


def until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + DEADLINE
    while not holds():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.1)


def test_a_real_slurm_trains_an_array_of_jobs(slurm: None, tmp_path: Path) -> None:
    with executor_of("slurm:partition=short,jobs=2", tmp_path) as executor:
        tasks = [executor.submit(os.getenv, "SLURM_ARRAY_TASK_COUNT") for _ in range(3)]
        assert [task.result(DEADLINE) for task in tasks] == ["2"] * 3
        assert executor.submit(os.getenv, "OMP_NUM_THREADS").result(DEADLINE) == "1"


def train_until_interrupted(folder: str, number: int, begun: Path) -> str:
    """Train a group; whoever does so first stands still amid its steps until the job is no more."""
    if begun.exists():
        return train_group(folder, number)

    def stand_still(recorder: Recorder, *events: Event) -> None:
        record(recorder, *events)
        if any(isinstance(event, Series) for event in events):
            recorder.flush()
            begun.touch()
            time.sleep(DEADLINE)

    record = Recorder.record
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Recorder, "record", stand_still)
        return train_group(folder, number)


def test_a_sweep_whose_job_a_real_slurm_pre_empts_is_requeued(slurm: None, tmp_path: Path) -> None:
    """The second of two groups is interrupted: it is trained again whole, and the first is not."""
    asked_for = sweep_asked(tables=MOONS, grid={"model.hidden": [[2], [3]]}, seeds=1)
    folder, work = planned(tmp_path / "runs", asked_for)
    first, second = (folder.group(number).recording for number in (1, 2))
    begun = tmp_path / "begun"
    one, two = work.groups
    with executor_of("slurm:jobs=1", folder.path) as executor:
        calls = [
            executor.submit(train_group, str(folder.path), one.number),
            executor.submit(train_until_interrupted, str(folder.path), two.number, begun),
        ]
        until(begun.exists)
        before = first.read_bytes()
        job = job_of(executor)
        subprocess.run(["scancel", "--signal=USR2", job], check=True)
        until(lambda: "BeginTime" in asked("squeue", "-h", "-j", job, "-o", "%r"))
        assert b'"kind":"series"' in second.read_bytes()
        assert b'{"kind":"end"' not in second.read_bytes()
        # A job that was requeued waits for two minutes, unless it is told otherwise.
        subprocess.run(["scontrol", "update", f"jobid={job}", "StartTime=now"], check=True)
        assert [call.result(DEADLINE) for call in calls] == ["finished"] * 2
    assert first.read_bytes() == before
    alone = trained(tmp_path / "alone", asked_for)
    assert came_to(read(folder.path)) == came_to(alone)


def job_of(executor: Executor) -> str:
    """The one job that was submitted: what another test left may still be in the queue."""
    assert isinstance(executor, ArrayExecutor)
    until(lambda: executor._sent)
    [sent] = executor._sent
    return sent.job.job_id


def test_a_job_that_a_real_slurm_kills_is_noticed_without_accounts(
    slurm: None, tmp_path: Path
) -> None:
    with executor_of("slurm", tmp_path) as executor:
        pid = tmp_path / "pid"
        code = f"import os, time; open({str(pid)!r}, 'w').write(str(os.getpid())); time.sleep(600)"
        call = executor.submit(exec, code)
        until(lambda: pid.exists() and pid.read_text() != "")
        job = job_of(executor)
        os.kill(int(pid.read_text()), signal.SIGKILL)
        try:
            with pytest.raises(ExecutorError, match=f"job {job} failed"):
                call.result(DEADLINE)
        finally:
            executor.shutdown(cancel_futures=True)
