"""Lectures: what a file may say, what is told of it, and that the shipped ones hold."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import Any

import pytest

from engine.cli import main
from engine.errors import EpochalError, LectureError
from engine.figures.figures import spoken
from engine.lectures import lecture as lectures
from engine.lectures.lecture import Inspection, Script
from engine.lectures.scenes import SceneTempo
from engine.presets.preset import Preset
from engine.recording.events import MarkReached
from engine.recording.file import Recorder
from engine.runs.folder import RunFolder
from tests.runs import end, header, rows

SHIPPED = ["deep-networks", "functions", "gradients"]

SHIPPED_FOLDER = Path(lectures.__file__).resolve().parents[2] / "presets" / "lectures"


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory of its own, with runs in ``runs``."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("EPOCHAL_RUNS", raising=False)
    return tmp_path


PANES = ("setup", "curves", "gradients")
"""What the scenes of these lectures can be shown in."""


def written(text: str, name: str = "x.toml") -> Script:
    """Write a lecture, and load it."""
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text), "utf-8")
    return lectures.load(str(path), PANES)


def scene(keys: str) -> Script:
    """A lecture of one scene."""
    return written(f"scenes = [{{ title = 'a', {keys} }}]")


def problems_of(text: str) -> list[str]:
    """What is told of a lecture that does not hold."""
    with pytest.raises(LectureError) as caught:
        written(text)
    return str(caught.value).splitlines()


def inspection(script: Script) -> Inspection:
    return lectures.check(script, Path("runs"))


def told(script: Script) -> list[str]:
    return [str(problem) for problem in inspection(script).problems]


def a_run(name: str, parent: str = "runs") -> RunFolder:
    """A run of three steps with a mark at the second."""
    folder = RunFolder(Path(parent) / name)
    folder.path.mkdir(parents=True)
    recorder = Recorder.create(folder.recording, header(name, parameters={"layer1.weight": [1, 1]}))
    recorder.record(rows(1, [0.5, 0.4, 0.3]), MarkReached(step=2, title="half way"), end())
    recorder.close()
    return folder


class TestFile:
    def test_says_its_scenes_in_order(self) -> None:
        script = written(
            """
            title = "A lecture"
            [[scenes]]
            title = "Words"
            text = "w <- w - lr * gradient"
            minutes = 0.5
            [[scenes]]
            title = "A run"
            preset = "two-moons"
            set = ["optimizer.lr=0.5"]
            seed = 7
            start = "A plateau"
            tempo = "200 steps/s"
            pane = "gradients"
            quantity = "accuracy"
            log = true
            notes = "Look."
            """
        )
        words, run = script.lecture.scenes
        assert (script.name, script.lecture.minutes) == ("x", 2.5)
        assert (words.kind, words.references, words.overrides) == ("text", [], [])
        assert (run.kind, run.references) == ("preset", ["two-moons"])
        assert run.overrides == ["optimizer.lr=0.5", "train.seed=7"]
        assert run.played == SceneTempo("steps", 200.0)

    @pytest.mark.parametrize(
        ("text", "tempo"),
        [
            ("90 s", SceneTempo("whole", 90.0)),
            ("90s", SceneTempo("whole", 90.0)),
            ("0.5 steps/s", SceneTempo("steps", 0.5)),
            ("keys", SceneTempo("keys", 0.0)),
            ("recorded", SceneTempo("time", 2.0)),
        ],
    )
    def test_a_tempo_is_a_few_words(self, text: str, tempo: SceneTempo) -> None:
        (only,) = scene(f"preset = 'cubic', tempo = '{text}'").lecture.scenes
        assert only.played == tempo

    def test_a_scene_plays_as_ever_where_it_names_no_tempo(self) -> None:
        assert scene("preset = 'cubic'").lecture.scenes[0].played is None

    def test_all_problems_are_told_at_once_in_the_order_of_the_file(self) -> None:
        assert problems_of(
            """
            titel = "A lecture"
            [[scenes]]
            title = "a"
            [[scenes]]
            title = "b"
            preset = "cubic"
            run = "last"
            [[scenes]]
            preset = "cubic"
            tempo = "fast"
            pane = "curve"
            [[scenes]]
            title = "d"
            race = ["cubic"]
            [[scenes]]
            title = "e"
            text = "words"
            log = true
            seed = 3
            [[scenes]]
            title = "f"
            run = "last"
            set = ["a=1"]
            """
        ) == [
            "x.toml: titel: is not a key here (did you mean 'title'?); "
            "there are: title, about, scenes",
            "x.toml: scenes[0]: set exactly one of preset, run, race and text (got none of them)",
            "x.toml: scenes[1]: set exactly one of preset, run, race and text (got preset and run)",
            "x.toml: scenes[2].tempo: must be the whole in a time as in '90 s', a speed as in "
            "'200 steps/s', 'recorded' or 'keys' (got 'fast')",
            "x.toml: scenes[2].pane: must be one of 'setup', 'curves', 'gradients' "
            "(got 'curve'; did you mean 'curves'?)",
            "x.toml: scenes[2].title: is missing",
            "x.toml: scenes[3].race: must have at least 2 entries (got 1)",
            "x.toml: scenes[4].log: says nothing where a scene shows a text; leave it out",
            "x.toml: scenes[4].seed: says nothing where a scene shows a text; leave it out",
            "x.toml: scenes[5].set: says nothing where a scene shows a run; leave it out",
        ]

    @pytest.mark.parametrize("start", ["-1", "true", "''", "1.5"])
    def test_a_beginning_is_a_step_or_a_title(self, start: str) -> None:
        (line,) = problems_of(f"scenes = [{{ title = 'a', preset = 'cubic', start = {start} }}]")
        assert line.startswith("x.toml: scenes[0].start: ")

    @pytest.mark.parametrize(
        ("text", "problem"),
        [
            ("", "x.toml: scenes: must have at least 1 entry, as in [[scenes]]"),
            ("=", "x.toml: line 1, column 1: invalid statement"),
            ("a = " + "[" * 40 + "]" * 40,
             "x.toml: tables and lists nest more than 32 levels deep"),
            ("scenes = 3", "x.toml: scenes: must be a list (got 3)"),
        ],
    )  # fmt: skip
    def test_whatever_is_in_it_is_told_in_a_line(self, text: str, problem: str) -> None:
        assert problems_of(text) == [problem]

    def test_one_that_is_not_there_names_the_nearest(self) -> None:
        with pytest.raises(LectureError, match=r"no such lecture.*did you mean 'gradients'"):
            lectures.load("gradient")


class TestPlaces:
    def test_the_nearest_folder_counts(self, place: Path) -> None:
        assert lectures.load("gradients").path.parent == SHIPPED_FOLDER
        text = "scenes = [{ title = 'a', text = 'b' }]"
        written(text, str(place / "config/epochal/presets/lectures/gradients.toml"))
        assert "config" in str(lectures.load("gradients").path)
        written(text, "presets/lectures/gradients.toml")
        assert lectures.load("gradients").path == Path("presets/lectures/gradients.toml")

    def test_all_are_listed_by_name_with_their_title(self) -> None:
        written("title = 'Mine'\nscenes = [{ title = 'a', text = 'b' }]",
                "presets/lectures/mine.toml")  # fmt: skip
        listed = {each.name: (each.title, each.origin) for each in lectures.catalogue()}
        assert list(listed) == sorted([*SHIPPED, "mine"])
        assert listed["mine"] == ("Mine", "./presets")

    def test_a_name_is_a_presets_first_and_a_file_what_is_in_it(self) -> None:
        text = "scenes = [{ title = 'a', text = 'b' }]"
        written(text, "presets/lectures/cubic.toml")
        written(text, "talk.toml")
        Path("preset.toml").write_text("title = 'a'")
        Path("presets/lectures/broken.toml").write_text("=")
        assert [lectures.is_lecture(each) for each in ("gradients", "talk.toml")] == [True, True]
        assert lectures.is_lecture("presets/lectures/cubic.toml")
        assert lectures.is_lecture("presets/lectures/broken.toml")
        for other in ("cubic", "preset.toml", "nothing", "nothing.toml", "a/b", ""):
            assert not lectures.is_lecture(other), other


class TestShown:
    def test_a_preset_comes_with_what_the_scene_changes(self) -> None:
        script = scene("preset = 'cubic', set = ['optimizer.lr=0.5'], seed = 9")
        (preset,) = lectures.shown(script, script.lecture.scenes[0], Path("runs"))
        assert isinstance(preset, Preset)
        assert preset.experiment.optimizer.lr == 0.5
        assert preset.experiment.train.seed == 9

    def test_a_race_takes_presets_and_runs_in_its_order(self) -> None:
        run = a_run("cubic-a")
        script = scene("race = ['cubic-a', 'cubic'], seed = 4")
        first, second = lectures.shown(script, script.lecture.scenes[0], Path("runs"))
        assert first == RunFolder(Path("runs/cubic-a")) == run
        assert isinstance(second, Preset)
        assert second.experiment.train.seed == 4

    def test_a_text_shows_nothing_else(self) -> None:
        script = scene("text = 'a'")
        assert lectures.shown(script, script.lecture.scenes[0], Path("runs")) == ()

    def test_files_are_looked_for_beside_the_lecture(self) -> None:
        a_run("a-run", "talks")
        Path("talks/own.toml").write_text("title = 'Own'")
        text = "scenes = [{title = 'a', race = ['./own.toml', './a-run', 'own.toml']}]"
        script = written(text, "talks/talk.toml")
        one, two, three = lectures.shown(script, script.lecture.scenes[0], Path("runs"))
        assert isinstance(one, Preset)
        assert isinstance(three, Preset)
        assert one.experiment.title == three.experiment.title == "Own"
        assert isinstance(two, RunFolder)
        assert two.recording.is_file()

    def test_what_is_not_there_is_an_error(self) -> None:
        script = scene("race = ['cubic', 'nothing']")
        with pytest.raises(EpochalError, match="nothing: there is no such preset, and no such run"):
            lectures.shown(script, script.lecture.scenes[0], Path("runs"))


class TestCheck:
    def test_a_lecture_that_holds_has_no_problems(self) -> None:
        a_run("a-run")
        script = written(
            """
            [[scenes]]
            title = "a"
            run = "a-run"
            start = "half way"
            [[scenes]]
            title = "b"
            race = ["a-run", "two-moons"]
            start = 3
            [[scenes]]
            title = "c"
            text = "words"
            """
        )
        assert inspection(script) == Inspection((), ())

    @pytest.mark.parametrize(
        ("keys", "problem"),
        [
            ("preset = 'cubik'", "preset: cubik: there is no such preset (did you mean 'cubic'?)"),
            ("preset = 'cubic', set = ['optimizer.lr=x']",
             "preset: --set optimizer.lr=x: optimizer.lr: must be a number (got 'x')"),
            ("run = 'last'", "run: last: there are no runs in runs; set --runs-dir"),
            ("race = ['cubic', 'cubik']", "race[1]: cubik: there is no such preset, and no such"),
            ("preset = 'two-moons', set = ['train.epochs=100']",
             "preset: two-moons: the mark 'A plateau' stands at step 500, and the run ends at "
             "step 100; train longer, or leave it out"),
            ("preset = 'cubic', quantity = 'accuracy'", "preset: cubic: there is no accuracy for"),
            ("preset = 'cubic', start = 4001",
             "preset: cubic: start is step 4001, and the last one is 4000"),
            ("preset = 'zero-init', start = 'All 1'",
             "preset: zero-init: start names no mark: 'All 1'; there are: 'All 0', "),
        ],
    )  # fmt: skip
    def test_what_is_wrong_is_told_with_file_key_and_remedy(self, keys: str, problem: str) -> None:
        assert told(scene(keys))[0].startswith(f"x.toml: scenes[0].{problem}")

    def test_a_run_is_looked_into(self) -> None:
        a_run("a-run")
        assert told(scene("run = 'a-run', start = 4")) == [
            "x.toml: scenes[0].run: a-run: start is step 4, and the last one is 3"
        ]
        assert told(scene("run = 'a-run', start = 'the end'")) == [
            "x.toml: scenes[0].run: a-run: start names no mark: 'the end'; there are: 'half way'"
        ]

    def test_a_damaged_run_is_told_like_any_other_problem(self) -> None:
        folder = Path("runs/bad")
        folder.mkdir(parents=True)
        (folder / "recording.jsonl").write_text("nonsense\n")
        (line,) = told(scene("run = 'bad'"))
        assert line.startswith("x.toml: scenes[0].run: ")

    def test_a_run_that_never_began_is_told(self) -> None:
        folder = RunFolder(Path("runs/none"))
        folder.path.mkdir(parents=True)
        Recorder.create(folder.recording, header("none")).close()
        (line,) = told(scene("run = 'none'"))
        assert "nothing was trained" in line

    def test_every_scenes_problems_are_told_in_order(self) -> None:
        script = written(
            """
            scenes = [
              { title = "a", preset = "nothing" },
              { title = "b", text = "words" },
              { title = "c", race = ["nothing", "cubic", "nowhere"] },
            ]
            """
        )
        keys = [problem.key for problem in inspection(script).problems]
        assert keys == ["scenes[0].preset", "scenes[2].race[0]", "scenes[2].race[2]"]

    def test_a_mark_that_waits_for_a_loss_is_a_remark(self) -> None:
        Path("own.toml").write_text(
            "marks = [{ at = { loss_below = 0.1 }, title = 'low' }, { at = { step = 1 }, "
            "title = 'one' }, { at = { event = 'first_saturated_unit' }, title = 'flat' }]"
        )
        found = inspection(scene("preset = 'own.toml'"))
        assert [problem.message for problem in found.problems] == [
            "own: the mark 'flat' waits for first_saturated_unit, and no hidden unit can saturate; "
            "leave the mark out"
        ]
        assert [remark.message for remark in found.remarks] == [
            "own: the mark 'low': whether it is reached, only training tells"
        ]

    def test_a_run_that_may_end_early_is_sure_of_no_mark(self) -> None:
        found = inspection(scene("preset = 'zero-init', set = ['train.patience=2']"))
        assert found.problems == ()
        assert len(found.remarks) == 2

    def test_code_of_ones_own_is_a_remark(self) -> None:
        (remark,) = inspection(scene("preset = 'digits-convolution'")).remarks
        assert "--allow-code" in remark.message


class TestCommand:
    def run(self, capfd: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            main(arguments)
        code = left.value.code
        return (code if isinstance(code, int) else 0, *capfd.readouterr())

    def test_checks_presets_and_lectures_alike(self, capfd: pytest.CaptureFixture[str]) -> None:
        status, out, err = self.run(capfd, "check", "cubic", "deep-networks")
        assert (status, err) == (0, "")
        assert out.splitlines()[1] == "deep-networks: holds; 10 scenes, 19 minutes"

    def test_problems_go_to_stderr_with_status_2(self, capfd: pytest.CaptureFixture[str]) -> None:
        Path("bad.toml").write_text("scenes = [{ title = 'a' }]")
        scene("run = 'gone'")
        status, out, err = self.run(capfd, "check", "bad.toml", "x.toml", "--runs-dir", "elsewhere")
        assert (status, out) == (2, "")
        assert err.splitlines() == [
            "bad.toml: scenes[0]: set exactly one of preset, run, race and text (got none of them)",
            "x.toml: scenes[0].run: gone: there are no runs in elsewhere; set --runs-dir",
        ]

    def test_as_json_has_problems_and_remarks(self, capfd: pytest.CaptureFixture[str]) -> None:
        _, out, _ = self.run(capfd, "check", "--json", "gradients")
        told = json.loads(out)
        assert (told["lecture"], told["problems"]) == ("gradients", [])
        assert {"source", "key", "message"} == set(told["remarks"][0])

    def test_lists_what_there_is(self, capfd: pytest.CaptureFixture[str]) -> None:
        status, out, _ = self.run(capfd, "lectures", "--json")
        listed = [json.loads(line) for line in out.splitlines()]
        assert (status, [each["name"] for each in listed]) == (0, SHIPPED)
        _, out, _ = self.run(capfd, "lectures")
        assert "Gradients, by hand and automatic" in out


class TestShipped:
    def test_there_are_three(self) -> None:
        assert [listing.name for listing in lectures.catalogue()] == SHIPPED

    @pytest.mark.parametrize("name", SHIPPED)
    def test_every_preset_holds_and_every_mark_can_be_reached(self, name: str) -> None:
        assert inspection(lectures.load(name)).problems == ()

    @pytest.mark.parametrize("name", SHIPPED)
    def test_takes_ten_to_twenty_minutes(self, name: str) -> None:
        lecture = lectures.load(name).lecture
        assert lecture.title
        assert lecture.about
        assert 10 <= lecture.minutes <= 20
        assert 6 <= len(lecture.scenes) <= 10

    @pytest.mark.parametrize("name", SHIPPED)
    def test_notes_are_short_enough_to_be_said_in_their_time(self, name: str) -> None:
        for each in lectures.load(name).lecture.scenes:
            words = len(spoken(each.notes).split())
            assert 60 <= words <= 200, each.title
            assert words <= 150 * each.minutes, each.title

    @pytest.mark.parametrize("name", SHIPPED)
    def test_texts_fit_eighty_columns(self, name: str) -> None:
        script = lectures.load(name)
        texts: list[Any] = [spoken(each.text) for each in script.lecture.scenes if each.text]
        assert texts
        assert all(len(line) <= 76 for text in texts for line in text.splitlines())
        assert max(map(len, script.path.read_text("utf-8").splitlines())) <= 100
