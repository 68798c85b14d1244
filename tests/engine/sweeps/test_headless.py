"""A sweep as it is asked for and told of: rates, forecasts, forms, and how far it is."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any, ClassVar

import pytest

from engine.errors import EpochalError
from engine.headless.progress import Progress
from engine.presets.preset import dumps
from engine.results.run import of_folder
from engine.runs.listing import run_cells
from engine.sweeps import headless, planning
from engine.sweeps.executors.errors import ExecutorError
from engine.sweeps.folder import list_sweeps
from engine.sweeps.headless import run_sweep
from engine.sweeps.listing import sweeps_in
from engine.sweeps.order import Order
from engine.sweeps.printing import text
from engine.sweeps.removal import remove_sweep
from engine.sweeps.table import read
from tests.engine.sweeps.small import MOONS, Inline, asked, planned, running
from tests.experiments import experiment
from tests.sweeps import make_sweep
from tui.drawing.sweep.cells import usual_choice
from tui.pictures.sweep import draw_sweep
from tui.style.glyphs import BRAILLE
from tui.style.look import Look
from tui.style.palette import DARK


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a preset, in which this process trains."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(headless, "executor_of", lambda said, folder: Inline())
    (tmp_path / "moons.toml").write_text(dumps(experiment(MOONS)))
    return tmp_path


def order(**others: object) -> Order:
    what = {"references": ("moons.toml",), "runs_dir": Path("runs"), "quiet": True}
    return Order(**{**what, **others})  # type: ignore[arg-type]


Said = Callable[[Order], list[str]]


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Said:
    """What a sweep that goes well prints, as lines."""

    def run(order: Order) -> list[str]:
        assert run_sweep(order) == 0
        return capsys.readouterr().out.splitlines()

    return run


class TestRates:
    def test_it_tries_rates_on_a_short_run_and_names_the_best(self, said: Said) -> None:
        lines = said(order(lr_range=True, overrides=("train.steps=90",)))
        head, _, names, *rows = lines[: 3 + 21]
        assert head.endswith("training loss after 90 steps, over 3 seeds")
        assert names.split() == ["learning", "rate", "loss"]
        assert [row.split()[0] for row in rows[:4]] == ["1e-5", "2e-5", "5e-5", "0.0001"]
        losses = {row.split()[0]: float(row.split()[1]) for row in rows}
        [least] = [row.split()[0] for row in rows if row.endswith("◄ least")]
        assert losses[least] == min(losses.values())
        assert f"  --set optimizer.lr={least}" in lines
        [folder] = list_sweeps(Path("runs"))
        assert folder.name.startswith("moons-rates-")
        assert len(folder.plan().trials) == 63

    def test_nobody_waits_for_a_whole_training(self, said: Said) -> None:
        long = ("data.samples=60", "train.steps=50_000")
        (Path("moons.toml")).write_text(dumps(experiment(MOONS, train={"steps": 50_000})))
        lines = said(order(lr_range=True, grid=("optimizer.lr=0.1,1",), overrides=long[:1]))
        assert "training loss after 100 steps" in lines[0]

    def test_a_preset_that_is_a_sweep_has_its_rate_found_alone(self, said: Said) -> None:
        body = Path("moons.toml").read_text()
        Path("moons.toml").write_text(f'{body}\n[sweep]\ngrid = {{ "model.hidden" = [[2], [3]] }}')
        lines = said(order(lr_range=True, grid=("optimizer.lr=0.1,1",), seeds=1))
        assert [line.split()[0] for line in lines[3:5]] == ["0.1", "1"]

    @pytest.mark.parametrize(
        ("what", "why"),
        [
            ({"references": ("moons.toml", "cubic")}, "finds the rate of one preset at a time"),
            (
                {"grid": ("model.hidden=[2],[3]",)},
                "tries rates alone; leave out --grid and --search",
            ),
            ({"search": "tpe"}, "tries rates alone; leave out --grid and --search"),
        ],
    )
    def test_what_it_cannot_find_is_refused(self, what: dict[str, object], why: str) -> None:
        with pytest.raises(EpochalError, match=f"--lr-range: {why}"):
            run_sweep(order(lr_range=True, **what))


class TestForecast:
    WHAT = ("model.hidden=[2],[3, 2]", "optimizer.lr=0.1..0.4 log 3")

    def test_it_lists_groups_and_says_what_they_would_take(self, said: Said) -> None:
        head, *groups, _, counts, needs = said(order(grid=self.WHAT, seeds=2, dry_run=True))
        assert head.split() == ["group", "of", "trials", "steps", "time"]
        assert [each.split()[:6] for each in groups] == [
            ["1", "moons,", "hidden", "[2]", "6", "40"],
            ["2", "moons,", "hidden", "[3,", "2]", "6"],
        ]
        assert counts == "  12 trials of 6 settings in 2 groups"
        assert needs.startswith("  about ")
        assert needs.endswith(" MB")
        assert not Path("runs").exists()

    def test_one_of_a_kind_is_told_as_one(self, said: Said) -> None:
        *_, counts, _ = said(order(grid=("optimizer.lr=0.1,0.2",), seeds=1, dry_run=True))
        assert counts == "  2 trials of 2 settings in 1 group"

    def test_it_says_what_is_left(self, said: Said) -> None:
        said(order(grid=self.WHAT))
        assert said(order(grid=self.WHAT, dry_run=True)) == [
            "all of its 6 trials are over: nothing is left to be trained"
        ]
        *_, counts, _ = said(order(grid=self.WHAT, seeds=3, dry_run=True))
        assert counts == "  12 trials of 6 settings in 2 groups; 6 are over"
        [folder] = list_sweeps(Path("runs"))
        assert len(folder.plan().trials) == 6, "nothing is written down"
        by_name = order(references=(folder.name,), dry_run=True)
        assert said(by_name)[0].startswith("all of its 6 trials are over")


class TestForms:
    def test_as_csv_and_as_json_it_has_the_same_figures(self, said: Said) -> None:
        grid = ("optimizer.lr=0.1,0.2",)
        head, *rows = said(order(grid=grid, form="csv"))
        objects = [json.loads(line) for line in said(order(grid=grid, form="json"))]
        place = head.split(",").index("test_loss")
        losses = [float(row.split(",")[place]) for row in rows]
        assert losses == [each["figures"]["test_loss"]["mean"] for each in objects]

    def test_a_sweep_goes_on_as_it_was_planned_and_not_otherwise(self, said: Said) -> None:
        said(order(grid=("optimizer.lr=0.1,0.2",)))
        [folder] = list_sweeps(Path("runs"))
        for more in ({"seeds": 3}, {"grid": ("optimizer.lr=1,2",)}, {"lr_range": True}):
            with pytest.raises(EpochalError, match=f"with --into {folder.name}"):
                run_sweep(order(references=(folder.name,), **more))

    @pytest.mark.parametrize("value", ["nan", "1e999", "2020-01-01", '{name="step"}'])
    def test_a_value_that_no_key_takes_is_told_with_its_place(self, value: str) -> None:
        with pytest.raises(EpochalError, match=r'grid\."optimizer\.lr"\[1\]: must be ') as refused:
            run_sweep(order(grid=(f"optimizer.lr=1,{value}",)))
        assert len(str(refused.value).splitlines()) == 1

    def test_a_change_that_does_not_fit_names_the_preset_of_several(self) -> None:
        references = ("moons.toml", "cubic")
        with pytest.raises(EpochalError, match=r"^cubic, --set train\.monitor=accuracy: "):
            run_sweep(order(references=references, overrides=("train.monitor=accuracy",)))
        with pytest.raises(EpochalError, match=r"^--set train\.monitor=accuracy: "):
            run_sweep(order(references=("cubic",), overrides=("train.monitor=accuracy",)))

    def test_presets_of_one_name_are_not_taken_for_each_other(self, here: Path) -> None:
        (here / "other").mkdir()
        (here / "other" / "moons.toml").write_text(Path("moons.toml").read_text())
        both = order(references=("moons.toml", "other/moons.toml"), grid=("optimizer.lr=1,2",))
        with pytest.raises(EpochalError, match="two presets are called the same"):
            run_sweep(both)


class TestProgress:
    def test_it_counts_what_is_over_and_what_diverged(self, tmp_path: Path) -> None:
        class Heard(Progress):
            words: ClassVar[list[str]] = []

            def at(self, step: int, words: Callable[[], str]) -> None:
                self.words.append(words())

        folder, work = planned(tmp_path, asked())
        time = iter(range(0, 10_000, 100))
        running(folder, work, Inline(), progress=Heard(8), clock=lambda: next(time)).run()
        assert Heard.words[-1] == "8 trials, 4 diverged"
        assert read(folder.path).progress == "8 trials, 4 diverged"


class TestRows:
    def test_a_sweep_that_would_fill_the_disk_leaves_rows_out(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(planning, "ROOM", 8_000)
        folder, work = planned(tmp_path, asked(grid={"optimizer.lr": [0.1, 0.2]}))
        [group] = work.groups
        assert group.every > 1
        running(folder, work, Inline()).run()
        run = of_folder(folder.group(1), member=1)
        assert run.history.series["train"].steps.tolist() == [
            1, *range(group.every, 40, group.every), 40]  # fmt: skip


class TestFailure:
    def test_why_nobody_trains_a_sweep_is_known_wherever_it_is_listed(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        def unreachable(*_: object) -> Executor:
            raise ExecutorError("--executor dask:tcp://there:1: no scheduler\nanswers there")

        grid = ("optimizer.lr=0.1,1",)
        with monkeypatch.context() as patch:
            patch.setattr(headless, "executor_of", unreachable)
            with pytest.raises(ExecutorError):
                run_sweep(order(grid=grid))
        [sweep] = list_sweeps(Path("runs"))
        why = "--executor dask:tcp://there:1: no scheduler answers there"
        [facts] = sweeps_in(Path("runs"))
        assert facts.glance.end is not None
        assert (facts.glance.end.status, facts.glance.end.reason) == ("failed", why)
        assert run_cells(facts, 0)[4] == f"failed ({why})"
        table = read(sweep.path)
        lines = draw_sweep(table, usual_choice(table), 100, 20, Look(BRAILLE, DARK))
        assert why in [line.plain.strip() for line in lines]
        assert f"  not all was trained: {why}" in text(table)
        # Whoever trains it takes that away.
        assert run_sweep(order(grid=grid)) == 0
        [facts] = sweeps_in(Path("runs"))
        assert run_cells(facts, 0)[4] == "finished (2 trials)"
        assert not sweep.failure_file.exists()
        assert why not in capsys.readouterr().out

    def test_one_whose_process_is_killed_has_crashed_and_is_gone_on_with(self) -> None:
        sweep = make_sweep(Path("runs"))
        child = os.fork()
        if not child:
            with sweep.trained():
                os.kill(os.getpid(), signal.SIGKILL)
        os.waitpid(child, 0)
        [facts] = sweeps_in(Path("runs"))
        assert facts.glance.state == "crashed"
        assert run_cells(facts, 0)[4].startswith("failed (its process died without a word;")
        with sweep.trained():
            [facts] = sweeps_in(Path("runs"))
            assert (facts.glance.state, facts.glance.problem) == ("running", "")
        [facts] = sweeps_in(Path("runs"))
        assert facts.glance.state == "ended"
        assert not sweep.failure_file.exists()

    @pytest.mark.parametrize(
        "number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1]
    )
    def test_one_that_is_asked_to_end_is_stopped_in_words(
        self, number: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Signalled(Inline):
            def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
                if self.calls:
                    # What is left is not begun: it is asked to end.
                    return Future()
                signal.raise_signal(number)
                return super().submit(fn, *args, **kwargs)

        monkeypatch.setattr(headless, "executor_of", lambda said, folder: Signalled())
        assert run_sweep(order(grid=("model.hidden=[2],[3]",))) == 130
        [facts] = sweeps_in(Path("runs"))
        assert run_cells(facts, 0)[3:5] == ["1", "stopped (1 of 2 trials)"]

    def test_it_is_removed_with_the_sweep(self) -> None:
        run_sweep(order(grid=("optimizer.lr=0.1,1",)))
        [sweep] = list_sweeps(Path("runs"))
        sweep.failure_file.write_text("it was full")
        assert remove_sweep(sweep) == []
        assert not sweep.path.exists()
