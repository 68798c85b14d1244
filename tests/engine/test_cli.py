"""The command without a screen: what it prints, where, and its exit status."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from engine import __version__
from engine.cli import main
from engine.headless import run as headless
from engine.recording.events import End, RunWarning
from engine.recording.file import Recorder, read
from engine.recording.lines import encode
from engine.runs.folder import RunFolder
from engine.worker import launch
from tests.patience import DEADLINE
from tests.runs import FakeWorker, Script, end, header, record, requests_in, rows

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Outcome:
    """What a command left."""

    status: int
    out: str
    err: str


Command = Callable[..., Outcome]


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory of its own, with runs in ``runs``."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("EPOCHAL_RUNS", raising=False)
    return tmp_path


@pytest.fixture
def command(capfd: pytest.CaptureFixture[str]) -> Command:
    """Runs the command in this process."""

    def run(*arguments: str) -> Outcome:
        with pytest.raises(SystemExit) as left:
            main(arguments)
        out, err = capfd.readouterr()
        code = left.value.code
        return Outcome(code if isinstance(code, int) else 0, out, err)

    return run


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Script], list[FakeWorker]]]:
    """Puts a fake worker with a script in the place of the real one."""

    def use(script: Script) -> list[FakeWorker]:
        monkeypatch.setattr(FakeWorker, "script", staticmethod(script), raising=False)
        monkeypatch.setattr(FakeWorker, "made", [], raising=False)
        monkeypatch.setattr(launch, "Worker", FakeWorker)
        monkeypatch.setattr(headless, "POLL_SECONDS", 0)
        return FakeWorker.made

    return use


def as_recorded(lines: bytes) -> bytes:
    """Return what ``--json`` printed without what it adds: the diagnosis, in the last line."""
    *before, last = lines.splitlines(keepends=True)
    body = json.loads(last)
    del body["diagnosis"]
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return b"".join([*before, text.encode() + b"\n"])


def trains(worker: FakeWorker) -> Iterator[None]:
    """A run of three steps that goes well."""
    yield
    recorder = Recorder.create(worker.folder.recording, header(worker.folder.name))
    yield
    recorder.record(rows(1, [0.5, 0.4, 0.3]))
    recorder.flush()
    yield
    recorder.record(end())
    recorder.close()
    yield


class TestHelp:
    def test_names_every_command(self, command: Command) -> None:
        outcome = command("--help")
        assert outcome.status == 0
        for name in ("run", "presets", "check", "schema", "runs", "stop", "--version"):
            assert name in outcome.out

    def test_answers_before_anything_heavy_is_loaded(self) -> None:
        schema = "engine.experiment.experiment"
        heavy = {"torch", "numpy", "rich", "textual", "tomlkit", "psutil", schema}
        program = (
            "import sys\nfrom engine.cli import main\n"
            "try: main(['run', '--help'])\n"
            f"except SystemExit: print({heavy} & set(sys.modules), file=sys.stderr)"
        )
        done = subprocess.run(
            [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
        )
        assert done.stderr == "set()\n"

    def test_the_version_is_told(self, command: Command) -> None:
        assert command("--version") == Outcome(0, f"epochal {__version__}\n", "")

    @pytest.mark.parametrize(
        "arguments",
        [
            [],
            ["rnu"],
            ["run"],
            ["run", "two-moons", "--sed", "1"],
            ["run", "two-moons", "--seed", "x"],
            ["run", "two-moons", "--device", "gpu"],
            ["check"],
            ["stop"],
        ],
    )
    def test_a_wrong_use_is_told_on_stderr_with_status_2(
        self, command: Command, arguments: list[str]
    ) -> None:
        outcome = command(*arguments)
        assert outcome.status == 2
        assert outcome.err or not arguments


class TestPresets:
    def test_are_listed_with_title_and_origin(self, command: Command) -> None:
        outcome = command("presets")
        assert outcome.status == 0
        lines = outcome.out.splitlines()
        assert lines[0].split() == ["name", "title", "from"]
        assert [line.split()[0] for line in lines[1:]] == sorted(
            path.stem for path in (ROOT / "presets").glob("*.toml")
        )
        assert all(line.endswith("epochal") for line in lines[1:])

    def test_are_listed_as_json(self, command: Command) -> None:
        listed = [json.loads(line) for line in command("presets", "--json").out.splitlines()]
        assert {"name", "title", "origin", "path"} == set(listed[0])
        assert all(Path(item["path"]).is_file() for item in listed)

    def test_titles_cannot_act_on_the_terminal(self, command: Command, place: Path) -> None:
        (place / "presets").mkdir()
        (place / "presets" / "evil.toml").write_text('title = "\\u001b[31mred"', "utf-8")
        assert "\x1b" not in command("presets").out


class TestCheck:
    def test_a_good_preset_is_one_line_on_stdout(self, command: Command) -> None:
        assert command("check", "two-moons", "zero-init") == Outcome(
            0,
            "two-moons: holds; 21 parameters, 3000 steps\n"
            "zero-init: holds; 21 parameters, 5 steps\n",
            "",
        )

    def test_all_problems_of_all_presets_are_told_with_status_2(
        self, command: Command, place: Path
    ) -> None:
        (place / "a.toml").write_text("titel = 'a'\n[model]\nhidden = [0]\n")
        (place / "b.toml").write_text("=")
        outcome = command("check", "a.toml", "cubic", "b.toml")
        assert outcome.status == 2
        assert outcome.out.startswith("cubic: holds")
        assert outcome.err.splitlines() == [
            "a.toml: titel: is not a key here (did you mean 'title'?); "
            "there are: title, about, data, model, loss, optimizer, schedule, train, population, "
            "sweep, marks",
            "a.toml: model.hidden[0]: must be at least 1 (got 0)",
            "b.toml: line 1, column 1: invalid statement",
        ]

    def test_problems_as_json_name_source_key_and_message(
        self, command: Command, place: Path
    ) -> None:
        (place / "a.toml").write_text("[model]\nhidden = [0]\n")
        outcome = command("check", "--json", "a.toml", "cubic")
        assert outcome.status == 2
        assert [json.loads(line) for line in outcome.out.splitlines()] == [
            {
                "preset": "a.toml",
                "problems": [
                    {
                        "source": "a.toml",
                        "key": "model.hidden[0]",
                        "message": "must be at least 1 (got 0)",
                    }
                ],
            },
            {"preset": "cubic", "problems": [], "notices": []},
        ]

    def test_what_a_run_would_say_of_its_rows_before_it_trains_is_said(
        self, command: Command, place: Path
    ) -> None:
        rows = [f"{n},{'ab'[n % 2]}" for n in range(1, 20)]
        (place / "own.csv").write_text("\n".join(["n,y", *rows, "0,rare"]))
        data = '[data]\nkind = "file"\npath = "own.csv"\ntask = "classes"\nsplit = [0.6, 0.4]\n'
        (place / "own.toml").write_text(f'{data}[loss]\nname = "cross_entropy"\n')
        outcome = command("check", "own.toml")
        assert outcome.status == 0
        assert outcome.out.splitlines()[1] == "note: the dev set has no row of class 'rare'"
        told = json.loads(command("check", "own.toml", "--json").out)
        assert told["notices"] == ["the dev set has no row of class 'rare'"]
        # What only shows where features are computed is a problem, and no run's surprise.
        (place / "own.toml").write_text(f'{data}features = ["1/n"]\n[loss]\nname="cross_entropy"\n')
        outcome = command("check", "own.toml")
        assert (outcome.status, outcome.out) == (2, "")
        assert outcome.err.startswith("own.toml: data.features[0]: ")

    def test_what_a_file_says_cannot_act_on_the_terminal(
        self, command: Command, place: Path
    ) -> None:
        (place / "a.toml").write_text('"\\u001b[31m" = 1\ndata.kind = "\\u009b2J"', "utf-8")
        outcome = command("check", "a.toml")
        assert outcome.status == 2
        assert "\x1b" not in outcome.err
        assert "\x9b" not in outcome.err


def test_the_schema_is_json_schema(command: Command) -> None:
    schema = json.loads(command("schema").out)
    assert schema["$schema"].startswith("https://json-schema.org/")
    assert set(schema["properties"]) >= {"title", "data", "model", "train"}


class TestRun:
    def test_prints_the_result_on_stdout_and_progress_on_stderr(
        self, command: Command, worker: Callable[[Script], list[FakeWorker]], place: Path
    ) -> None:
        made = worker(trains)
        outcome = command("run", "cubic", "--set", "train.epochs=30", "--device", "cpu")
        assert outcome.status == 0
        (run,) = (place / "runs").iterdir()
        assert run.name.startswith("cubic-")
        lines = outcome.out.splitlines()
        assert lines[0] == f"{run.name}: finished (epochs)"
        assert lines[-1] == f"  run  runs/{run.name}"
        assert "  loss      0.2500" in lines
        assert outcome.err.startswith("step 3 of 30 · loss 0.3000")
        assert [fake.device for fake in made] == ["cpu"]

    def test_writes_the_resolved_experiment_before_the_worker_gets_it(
        self, command: Command, worker: Callable[[Script], list[FakeWorker]]
    ) -> None:
        made = worker(trains)
        command("run", "two-moons", "--set", "optimizer.lr=0.5", "--seed", "7", "-q")
        from engine.presets.preset import load

        experiment = load(str(made[0].folder.experiment_file)).experiment
        assert experiment == load("two-moons", ["optimizer.lr=0.5", "train.seed=7"]).experiment

    @pytest.mark.parametrize(("share", "mode"), [("nobody", 0o700), ("group", 0o750)])
    def test_a_run_is_shared_with_whom_one_says(
        self, share: str, mode: int, command: Command, worker: Callable[[Script], list[FakeWorker]]
    ) -> None:
        made = worker(trains)
        assert command("run", "cubic", "--share", share, "-q").status == 0
        assert made[0].folder.path.stat().st_mode & 0o777 == mode
        assert made[0].folder.path.parent.stat().st_mode & 0o777 == mode

    def test_with_whom_runs_are_usually_shared_says_the_users_configuration(
        self,
        command: Command,
        worker: Callable[[Script], list[FakeWorker]],
        place: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        made, file = worker(trains), place / "config" / "epochal" / "config.toml"
        monkeypatch.setenv("XDG_CONFIG_HOME", str(place / "config"))
        file.parent.mkdir(parents=True)
        file.write_text('[runs]\nshare = "all"\n')
        assert command("run", "cubic", "-q").status == 0
        assert command("run", "cubic", "-q", "--share", "nobody").status == 0
        assert [fake.folder.path.stat().st_mode & 0o777 for fake in made] == [0o755, 0o700]
        file.write_text('[runs]\nshare = "everybody"\n')
        refused = command("run", "cubic", "-q")
        assert refused.status == 2
        assert "runs.share: must be nobody, group, all (got 'everybody')" in refused.err

    def test_networks_side_by_side_are_asked_for_by_seeds_and_by_what_varies(
        self, command: Command, worker: Callable[[Script], list[FakeWorker]]
    ) -> None:
        made = worker(trains)
        vary = ["--vary", "optimizer.lr=0.1, 1", "--vary", "model.init.weight=zeros,0.5"]
        command("run", "two-moons", "--seeds", "3", *vary, "-q")
        from engine.presets.preset import load

        population = load(str(made[0].folder.experiment_file)).experiment.population
        assert population.seeds == 3
        assert population.vary == {
            "optimizer.lr": [0.1, 1],
            "model.init.weight": ["zeros", 0.5],
        }
        assert population.members == 12

    def test_what_the_recording_warns_of_is_told_once_on_stderr(
        self, command: Command, worker: Callable[[Script], list[FakeWorker]]
    ) -> None:
        def warns(fake: FakeWorker) -> Iterator[None]:
            yield
            recorder = Recorder.create(fake.folder.recording, header(fake.folder.name))
            recorder.record(rows(1, [0.5]), RunWarning(step=1, message="member 2 \x1b diverged"))
            recorder.flush()
            yield
            yield
            recorder.record(end())
            recorder.close()
            yield

        worker(warns)
        outcome = command("run", "two-moons")
        assert outcome.err.count("member 2 \\x1b diverged\n") == 1

    def test_quiet_shows_no_progress(
        self, command: Command, worker: Callable[[Script], list[FakeWorker]]
    ) -> None:
        worker(trains)
        outcome = command("run", "cubic", "--quiet", "--set", "train.epochs=30")
        assert (outcome.status, outcome.err) == (0, "")

    def test_json_passes_the_recording_on_as_it_is(
        self, command: Command, worker: Callable[[Script], list[FakeWorker]]
    ) -> None:
        made = worker(trains)
        outcome = command("run", "cubic", "--json", "-q")
        assert outcome.status == 0
        assert as_recorded(outcome.out.encode()) == made[0].folder.recording.read_bytes()
        kinds = [json.loads(line)["kind"] for line in outcome.out.splitlines()]
        assert kinds == ["header", "series", "end"]

    def test_runs_go_where_they_are_told(
        self,
        command: Command,
        worker: Callable[[Script], list[FakeWorker]],
        place: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        made = worker(trains)
        command("run", "cubic", "-q", "--runs-dir", str(place / "there"))
        monkeypatch.setenv("EPOCHAL_RUNS", str(place / "elsewhere"))
        command("run", "cubic", "-q")
        assert [fake.folder.path.parent.name for fake in made] == ["there", "elsewhere"]

    @pytest.mark.parametrize(
        ("status", "exit_status"), [("finished", 0), ("stopped", 0), ("diverged", 1), ("failed", 1)]
    )
    def test_the_exit_status_says_how_it_went(
        self,
        command: Command,
        worker: Callable[[Script], list[FakeWorker]],
        status: str,
        exit_status: int,
    ) -> None:
        def script(fake: FakeWorker) -> Iterator[None]:
            record(fake.folder, end(status=status, reason="why"))
            yield

        worker(script)
        outcome = command("run", "cubic")
        assert outcome.status == exit_status
        assert f"{status} (why)" in outcome.out

    def test_it_ends_with_the_diagnosis(
        self, command: Command, worker: Callable[[Script], list[FakeWorker]]
    ) -> None:
        def script(fake: FakeWorker) -> Iterator[None]:
            experiment = {"train": {"zero_grad": fake.folder.path.name.startswith("cubic")}}
            recorder = Recorder.create(fake.folder.recording, header(experiment=experiment))
            recorder.record(rows(1, [1.0, 0.5, 0.25]))
            recorder.record(end())
            recorder.close()
            yield

        worker(script)
        well = command("run", "cubic", "-q").out.splitlines()
        assert well[-4:-1] == [
            "  diagnosis",
            "    Nothing is wrong that epochal knows how to see.",
            "",
        ]
        sick = command("run", "two-moons", "-q").out.splitlines()
        assert sick[-4].endswith("Try clearing them before each step.")
        assert sick[-3].strip() == "--set train.zero_grad=true"

    def test_with_json_a_failure_is_told_on_stderr_too(
        self, command: Command, worker: Callable[[Script], list[FakeWorker]]
    ) -> None:
        def script(fake: FakeWorker) -> Iterator[None]:
            record(fake.folder, end(status="diverged", reason="loss nan"))
            yield

        worker(script)
        outcome = command("run", "cubic", "--json")
        assert outcome.status == 1
        assert outcome.err.endswith(": diverged (loss nan)\n")

    def test_a_device_that_is_not_there_is_a_wrong_request(
        self, command: Command, worker: Callable[[Script], list[FakeWorker]]
    ) -> None:
        def script(fake: FakeWorker) -> Iterator[None]:
            recorder = Recorder.create(fake.folder.recording, header(device="", columns={}))
            recorder.record(End(step=0, status="failed", reason="no cuda:7"))
            recorder.close()
            yield

        worker(script)
        outcome = command("run", "cubic", "--device", "cuda:7")
        assert (outcome.status, outcome.out) == (2, "")
        assert "no cuda:7" in outcome.err

    def test_a_worker_that_dies_without_a_word_is_told_with_the_end_of_its_log(
        self, command: Command, worker: Callable[[Script], list[FakeWorker]]
    ) -> None:
        def script(fake: FakeWorker) -> Iterator[None]:
            recorder = Recorder.create(fake.folder.recording, header())
            recorder.record(rows(1, [0.5]))
            recorder.close()
            fake.folder.log.write_text("old\n" * 20 + "MemoryError: \x1b[31mno room\n\n")
            fake.status = -11
            yield

        worker(script)
        outcome = command("run", "cubic", "-q")
        assert (outcome.status, outcome.out) == (1, "")
        assert "the worker died without a word (killed by SIGSEGV)" in outcome.err
        assert outcome.err.splitlines()[-1] == "  MemoryError: \\x1b[31mno room"
        assert outcome.err.count("old") == 4

    def test_where_the_folder_is_moved_away_it_is_not_named_as_the_place_to_look(
        self, command: Command, worker: Callable[[Script], list[FakeWorker]]
    ) -> None:
        def script(fake: FakeWorker) -> Iterator[None]:
            Recorder.create(fake.folder.recording, header()).close()
            yield
            fake.folder.path.rename(fake.folder.path.with_name("elsewhere"))
            fake.status = 1
            yield

        worker(script)
        outcome = command("run", "cubic", "-q")
        assert (outcome.status, outcome.out) == (1, "")
        assert outcome.err.endswith(": was removed or moved away; its worker has ended\n")

    def test_a_wrong_preset_leaves_no_worker(
        self, command: Command, worker: Callable[[Script], list[FakeWorker]]
    ) -> None:
        made = worker(trains)
        outcome = command("run", "cubic", "--set", "optimizer.lr=-1")
        assert (outcome.status, outcome.out) == (2, "")
        assert all(each.killed for each in made)
        assert outcome.err == ("--set optimizer.lr=-1: optimizer.lr: must be at least 0 (got -1)\n")

    def test_a_folder_that_cannot_be_written_lets_the_worker_go(
        self, command: Command, worker: Callable[[Script], list[FakeWorker]], place: Path
    ) -> None:
        made = worker(trains)
        (place / "runs").write_text("a file")
        outcome = command("run", "cubic")
        assert outcome.status == 2
        assert "no run can be made here" in outcome.err
        assert [fake.killed for fake in made] == [True]


class TestInterrupts:
    @pytest.mark.parametrize(
        "number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1]
    )
    def test_one_asks_the_worker_to_stop_and_waits_for_its_end(
        self,
        command: Command,
        worker: Callable[[Script], list[FakeWorker]],
        number: signal.Signals,
    ) -> None:
        def script(fake: FakeWorker) -> Iterator[None]:
            recorder = Recorder.create(fake.folder.recording, header())
            yield
            signal.raise_signal(number)
            yield
            assert requests_in(fake.folder) == ["stop"]
            recorder.record(rows(1, [0.5]))
            recorder.record(end(1, "stopped", "request of me"))
            recorder.close()
            yield

        made = worker(script)
        outcome = command("run", "cubic")
        assert outcome.status == 130
        assert "stopped (request of me)" in outcome.out
        assert outcome.err == "stopping after this step; once more kills the worker\n"
        assert requests_in(made[0].folder) == ["stop"]
        assert not made[0].killed

    def test_a_second_kills_the_worker_and_leaves_the_recording(
        self, command: Command, worker: Callable[[Script], list[FakeWorker]]
    ) -> None:
        def script(fake: FakeWorker) -> Iterator[None]:
            recorder = Recorder.create(fake.folder.recording, header())
            recorder.record(rows(1, [0.5]))
            recorder.flush()
            while True:
                signal.raise_signal(signal.SIGINT)
                yield

        made = worker(script)
        outcome = command("run", "cubic", "-q")
        assert outcome.status == 130
        assert made[0].killed
        assert "the worker was killed" in outcome.err
        assert len(list(read(made[0].folder.recording))) == 2

    def test_afterwards_signals_do_what_they_did_before(
        self, command: Command, worker: Callable[[Script], list[FakeWorker]]
    ) -> None:
        numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1)
        before = [*map(signal.getsignal, numbers)]
        worker(trains)
        command("run", "cubic", "-q")
        assert [*map(signal.getsignal, numbers)] == before

    def test_a_terminal_that_closes_says_so_twice_and_means_one_thing(self) -> None:
        with headless.Interrupts() as interrupts:
            signal.raise_signal(signal.SIGHUP)
            signal.raise_signal(signal.SIGHUP)
            assert interrupts.count == 1
            signal.raise_signal(signal.SIGTERM)
            signal.raise_signal(signal.SIGUSR1)
            assert interrupts.count == 2

    def test_what_is_to_outlive_its_terminal_does(self) -> None:
        before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
        try:
            with headless.Interrupts() as interrupts:
                signal.raise_signal(signal.SIGHUP)
            assert interrupts.count == 0
        finally:
            signal.signal(signal.SIGHUP, before)


def test_when_nobody_reads_the_lines_any_more_the_run_is_stopped(
    worker: Callable[[Script], list[FakeWorker]],
) -> None:
    class Closed(io.BytesIO):
        def write(self, data: object) -> int:
            raise BrokenPipeError

    asked: list[str] = []

    def script(fake: FakeWorker) -> Iterator[None]:
        recorder = Recorder.create(fake.folder.recording, header())
        yield
        yield
        asked.extend(requests_in(fake.folder))
        recorder.record(end(0, "stopped"))
        recorder.close()
        yield

    worker(script)
    folder = RunFolder(Path("a-run"))
    folder.path.mkdir()
    fake = FakeWorker.start()
    fake.give(folder)
    follower = headless.Follower(
        folder=folder,
        worker=fake,  # type: ignore[arg-type]
        interrupts=headless.Interrupts(),
        progress=headless.Progress(3),
        echo=headless.EventLines(folder.recording, Closed()),
    )
    ending = follower.follow()
    assert ending is not None
    assert ending.status == "stopped"
    assert follower.deserted
    assert asked == ["stop"]


class TestRuns:
    def test_are_listed_newest_first_with_state_and_result(
        self, command: Command, place: Path
    ) -> None:
        record(RunFolder(place / "runs" / "a-20260101-000000-0001"), rows(1, [0.5] * 3), end())
        record(RunFolder(place / "runs" / "b-20260101-000001-0001"), rows(1, [0.5, 0.4]))
        outcome = command("runs")
        head, *lines = [line.split() for line in outcome.out.splitlines()]
        assert outcome.status == 0
        assert head == ["name", "state", "step", "status", "result", "age"]
        assert lines[0][:3] == ["b-20260101-000001-0001", "running", "2"]
        assert lines[1][:8] == [
            "a-20260101-000000-0001",
            *("ended", "3", "finished", "(epochs)", "test", "accuracy", "0.8750"),
        ]

    def test_are_listed_as_json(self, command: Command, place: Path) -> None:
        record(RunFolder(place / "runs" / "a-20260101-000000-0001"), end())
        (listed,) = [json.loads(line) for line in command("runs", "--json").out.splitlines()]
        assert listed["name"] == "a-20260101-000000-0001"
        assert (listed["state"], listed["status"], listed["reason"]) == (
            "ended",
            "finished",
            "epochs",
        )
        assert listed["result"]["test_accuracy"] == 0.875

    def test_where_there_are_none_that_is_said_on_stderr(self, command: Command) -> None:
        assert command("runs") == Outcome(0, "", "no runs in runs\n")
        assert command("runs", "--json") == Outcome(0, "", "")

    def test_one_that_cannot_be_read_is_listed_with_why(
        self, command: Command, place: Path
    ) -> None:
        newer, torn, waiting = (place / "runs" / name for name in ("newer", "torn", "waiting"))
        for folder in (newer, torn, waiting):
            folder.mkdir(parents=True)
            (folder / "experiment.toml").touch()
        (newer / "recording.jsonl").write_bytes(encode(header(format=99)))
        (torn / "recording.jsonl").write_bytes(encode(header()) + b'{"kind":"series","t":1,"gr')
        lines = {line.split()[0]: line for line in command("runs").out.splitlines()}
        assert "format 99" in lines["newer"]
        assert "running" in lines["torn"]
        assert "starting" in lines["waiting"]

    def test_what_is_passed_over_is_counted_and_named(self, command: Command, place: Path) -> None:
        runs = place / "runs"
        record(RunFolder(runs / "a-20260101-000000-0001"), end())
        for name in ("large", "piped", "lost", "nothing"):
            (runs / name).mkdir()
        (runs / "a-20260101-000000-0001" / "notes.toml").write_text("name = ")
        with (runs / "large" / "experiment.toml").open("wb") as file:
            file.truncate(2_000_000)
        os.mkfifo(runs / "piped" / "recording.jsonl")
        (runs / "lost" / "recording.jsonl").symlink_to("nowhere")
        (runs / "a-file").touch()
        for arguments in ((), ("state=ended",)):
            outcome = command("runs", *arguments)
            said = "passed over in runs: 4 places; epochal runs --json says which, and why\n"
            assert (outcome.status, outcome.err) == (0, said)
        listed = [json.loads(line) for line in command("runs", "--json").out.splitlines()]
        unread = {each["path"]: each["problem"] for each in listed if each["state"] == "unread"}
        assert unread.pop("runs/a-20260101-000000-0001/notes.toml").startswith("runs/a-2026")
        assert unread == {
            "runs/large/experiment.toml": "has 2 MB, more than is read",
            "runs/lost/recording.jsonl": "is a link to nothing",
            "runs/piped/recording.jsonl": "is a pipe, where a file should be",
        }
        assert len({tuple(each) for each in listed}) == 1
        assert len(command("runs", "state=ended", "--json").out.splitlines()) == 1


class TestStop:
    def test_asks_the_worker_and_tells_how_it_ended(self, command: Command, place: Path) -> None:
        folder = RunFolder(place / "runs" / "a-20260101-000000-0001")
        folder.path.mkdir(parents=True)
        recorder = Recorder.create(folder.recording, header(folder.name))

        def answer() -> None:
            deadline = time.monotonic() + DEADLINE
            while not folder.control.is_dir() or not requests_in(folder):
                assert time.monotonic() < deadline
                time.sleep(0.01)
            recorder.record(end(7, "stopped", "request of me"))
            recorder.close()

        thread = threading.Thread(target=answer)
        thread.start()
        outcome = command("stop", "last")
        thread.join()
        assert outcome == Outcome(0, f"{folder.name}: stopped (request of me) at step 7\n", "")

    def test_a_run_that_is_over_is_a_wrong_request(self, command: Command, place: Path) -> None:
        record(RunFolder(place / "runs" / "a-20260101-000000-0001"), end())
        outcome = command("stop", "a")
        assert outcome.status == 2
        assert outcome.err == "a-20260101-000000-0001 is over: finished (epochs)\n"

    def test_a_run_whose_worker_died_is_a_wrong_request(
        self, command: Command, place: Path
    ) -> None:
        folder = RunFolder(place / "runs" / "a-20260101-000000-0001")
        folder.path.mkdir(parents=True)
        Recorder.create(folder.recording, header(pid_ticks=1)).close()
        outcome = command("stop", "a")
        assert outcome.status == 2
        assert "has no worker any more" in outcome.err

    def test_a_run_that_is_not_there_is_a_wrong_request(self, command: Command) -> None:
        outcome = command("stop", "nothing")
        assert outcome.status == 2
        assert "there are no runs in runs" in outcome.err


class TestTheRealProgram:
    """Processes, workers and signals as a user has them."""

    @pytest.fixture
    def start(self, place: Path) -> Callable[..., subprocess.Popen[bytes]]:
        def program(*arguments: str) -> subprocess.Popen[bytes]:
            return subprocess.Popen(
                [sys.executable, "-m", "engine", *arguments],
                cwd=place,
                env=os.environ | {"PYTHONPATH": str(ROOT)},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )

        return program

    def test_zero_init_trains_and_its_lines_are_its_recording(
        self, start: Callable[..., subprocess.Popen[bytes]], place: Path
    ) -> None:
        out, err = (process := start("run", "zero-init", "--json", "-q")).communicate(
            timeout=DEADLINE
        )
        assert (process.returncode, err) == (0, b"")
        (run,) = (place / "runs").iterdir()
        assert as_recorded(out) == (run / "recording.jsonl").read_bytes()
        last = json.loads(out.splitlines()[-1])
        assert (last["kind"], last["status"], last["reason"]) == ("end", "finished", "epochs")
        assert last["result"]["steps"] == 5
        (found,) = last["diagnosis"]
        assert (found["severity"], found["rule"], found["where"]) == ("bad", "symmetric", "layer1")
        assert found["remedy"]["set"] == ["model.init.weight=xavier_normal"]

    def test_ctrl_c_ends_the_run_with_its_record_whole(
        self, start: Callable[..., subprocess.Popen[bytes]], place: Path
    ) -> None:
        process = start("run", "two-moons", "--set", "train.epochs=100000000", "--json", "-q")
        assert process.stdout is not None
        while b'"series"' not in process.stdout.readline():
            pass
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=DEADLINE)
        assert process.returncode == 130
        last = json.loads(out.splitlines()[-1])
        assert (last["kind"], last["status"]) == ("end", "stopped")
        (run,) = (place / "runs").iterdir()
        series = [event for event in read(run / "recording.jsonl") if event.kind == "series"]
        rows_of_train = sum(event.count for event in series if event.group == "train")  # type: ignore[attr-defined]
        assert rows_of_train == last["step"]

    def test_a_reader_that_leaves_ends_it_quietly(
        self, start: Callable[..., subprocess.Popen[bytes]]
    ) -> None:
        process = start("run", "two-moons", "--set", "train.epochs=100000000", "--json", "-q")
        assert process.stdout is not None
        process.stdout.readline()
        assert left_alone(process) == (0, b"")

    def test_a_list_into_a_pipe_that_is_closed_ends_quietly(
        self, start: Callable[..., subprocess.Popen[bytes]]
    ) -> None:
        assert left_alone(start("schema")) == (0, b"")


def left_alone(process: subprocess.Popen[bytes]) -> tuple[int, bytes]:
    """Stop reading what a process prints; return its status and what it says on stderr."""
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    with process.stderr:
        return process.wait(DEADLINE), process.stderr.read()


def test_where_lines_find_no_room_the_worker_ends_with_the_command(
    worker: Callable[[Script], list[FakeWorker]],
) -> None:
    class Full(io.BytesIO):
        def write(self, data: object) -> int:
            raise OSError(28, "No space left on device")

    def script(fake: FakeWorker) -> Iterator[None]:
        Recorder.create(fake.folder.recording, header()).close()
        yield

    worker(script)
    folder = RunFolder(Path("a-run"))
    folder.path.mkdir()
    fake = FakeWorker.start()
    fake.give(folder)
    follower = headless.Follower(
        folder=folder,
        worker=fake,  # type: ignore[arg-type]
        interrupts=headless.Interrupts(),
        progress=headless.progress_for(3, quiet=True, logged=False),
        echo=headless.EventLines(folder.recording, Full()),  # type: ignore[arg-type]
    )
    with pytest.raises(OSError, match="No space left"):
        follower.follow()
    assert requests_in(folder) == ["stop"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_what_cannot_be_printed_is_an_error_in_a_line() -> None:
    command = [sys.executable, "-P", "-m", "tui", "presets"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "epochal: No space left on device\n"
