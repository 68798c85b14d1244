"""A run that is over stands at its result, and every figure says of which weights it is."""

from __future__ import annotations

import pytest

from engine.recording.best import best_step
from engine.recording.history import History
from engine.recording.kept_weights import weights_words
from engine.runs.folder import RunFolder
from tests.experiments import CUBIC, MINIBATCHES, MOONS, experiment, of_seeds
from tests.labs import lab_of, make_app, shown, until
from tests.trained import recorded
from tui.drawing.lists.result import EACH, place, result_place, titled, weights_at_end
from tui.drawing.lists.status import draw_status
from tui.drawing.network.material import Material
from tui.pictures.gallery import VIEWS, applying
from tui.pictures.still import draw_wish
from tui.pictures.wish import Wish
from tui.style.glyphs import BRAILLE
from tui.style.look import Look
from tui.style.numbers import count, figure
from tui.style.palette import DARK
from tui.watching.watch import Watch

PLAIN = DARK.without_colours()
SPECS = {
    # A large rate: the best step lies long before the last.
    "moons": experiment(MOONS, optimizer={"lr": 60.0}, train={"epochs": 90}),
    "cubic": experiment(CUBIC, data={"split": [30, 20]}, train={"steps": 70}),
    "no dev set": experiment(CUBIC, train={"steps": 20}),
    "circles": experiment(MINIBATCHES, train={"epochs": 5}),
    "population": of_seeds(experiment(MINIBATCHES, train={"epochs": 4}), 3, 4, 5),
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, RunFolder]:
    runs = tmp_path_factory.mktemp("runs")
    return {
        name: recorded(spec, runs / name.replace(" ", "-"), checkpoint=False)[0]
        for name, spec in SPECS.items()
    }


def watched(folder: RunFolder) -> Watch:
    watch = Watch(folder)
    watch.poll()
    assert not watch.behind
    return watch


def drawn(watch: Watch, view: str, **wish: object) -> list[str]:
    asked = Wish(view=view, **wish)  # type: ignore[arg-type]
    return [line.plain for line in draw_wish(watch, asked, 160, 30, Look(BRAILLE, PLAIN))]


def members_of(history: History) -> list[int]:
    assert history.header is not None
    return list(range(history.header.members))


@pytest.mark.parametrize("name", SPECS)
def test_every_picture_of_a_run_that_is_over_says_of_which_weights_it_is(name, folders) -> None:
    watch = watched(folders[name])
    history = watch.history
    for view in applying(Material(history)):
        for step in (None, "last", "best"):
            if step == "best" and best_step(history) is None:
                continue
            if step == "last" and view in VIEWS and VIEWS[view].judges:
                continue  # The test set is touched once, with the best weights.
            member = 0 if step == "best" else None
            lines = drawn(watch, view, step=step, member=member)
            weights = "last" if step == "last" or best_step(history) is None else "best"
            head = "\n".join(lines[:3])
            if view in VIEWS and VIEWS[view].of_rows:
                assert EACH in head or "best, step" in head or "step " in head
            elif view in VIEWS:
                asked = best_step(history, 0) if weights == "best" else history.last_step
                assert asked is not None
                words = weights_words(
                    asked, asked, best=weights == "best", last=weights == "last", count=count
                )
                assert words in "\n".join(lines), (view, step)
            elif step != "best":
                assert "best, step " in head or "last, step " in head or EACH in head, (view, step)


def test_the_result_is_that_of_the_best_step_and_not_of_the_last(folders) -> None:
    watch = watched(folders["moons"])
    history = watch.history
    best = best_step(history)
    assert best is not None
    assert best < history.last_step
    summary, last = drawn(watch, "summary"), drawn(watch, "summary", step="last")
    assert f"best, step {best}/90" in summary[1]
    assert f"last, step {history.last_step}/90" in last[1]
    assert summary[2].startswith(f"best, step {best}: test accuracy")
    # What the result says beside it is of the best weights, wherever one stands.
    assert last[2] == summary[2]
    dev = history.series["dev"]
    assert f"dev accuracy {figure(dev.value('accuracy', best))}" in summary[1]
    assert f"dev accuracy {figure(dev.value('accuracy', history.last_step))}" in last[1]
    picture = "\n".join(drawn(watch, "predictions"))
    assert history.end is not None
    right = history.end.result["test_accuracy"]
    assert f"{right:.2%} right" in picture


def test_a_picture_of_a_step_is_of_the_network_after_it_and_not_of_the_result(folders) -> None:
    watch = watched(folders["moons"])
    last = watch.history.last_step
    for step in (0, 3, last):
        lines = drawn(watch, "weights", step=step)
        assert f"weights of step {step}" in lines[1]
        assert "best" not in lines[1]


def test_the_curves_mark_the_best_step(folders) -> None:
    watch = watched(folders["moons"])
    best = best_step(watch.history)
    lines = drawn(watch, "curves")
    assert sum("★" in line for line in lines) >= 2
    assert any(f"★ best, step {best}" in line for line in lines)
    assert not any("★" in line for line in drawn(watch, "curves", step=3))
    assert not any("★" in line for line in drawn(watched(folders["no dev set"]), "curves"))


def test_of_a_population_each_member_is_at_its_best_or_all_are_at_the_last_step(folders) -> None:
    watch = watched(folders["population"])
    history = watch.history
    assert len({best_step(history, each) for each in members_of(history)}) > 1
    lines = drawn(watch, "summary")
    assert f"last, step {history.last_step}" in lines[1]
    assert lines[2].startswith(f"{EACH}: ")
    for member in members_of(history):
        alone = drawn(watch, "summary", member=member)
        assert f"best, step {best_step(history, member)}" in alone[1]


def test_where_the_run_stands_while_it_is_not_over(folders) -> None:
    history = watched(folders["moons"]).history
    before = history.until(40)
    assert weights_at_end(before, 0, "best") == ""
    assert place(before, 0, "") == result_place(before, 0) == ""
    assert weights_at_end(history, 0, "") == "best"
    assert weights_at_end(history, 0, "", replayed=True) == "last"
    assert weights_at_end(history, 0, "last") == "last"
    none = watched(folders["no dev set"]).history
    assert weights_at_end(none, 0, "best") == "last"


@pytest.mark.parametrize("width", [20, 40, 60, 80, 200])
def test_a_result_without_room_for_its_step_still_says_what_it_is_of(width, folders) -> None:
    watch = watched(folders["moons"])
    standing = watch.standing(watch.history.last_step, 0, weights="best")
    lines = [line.plain for line in draw_status(standing, width, 2, Look(BRAILLE, PLAIN))]
    if "test accuracy" in lines[1]:
        assert lines[1].startswith("best")
    assert titled("best, step 2 688", 10, len) == "best: "
    assert titled("best, step 2 688", 40, len) == "best, step 2 688: "
    assert titled("", 40, len) == ""


async def test_the_lab_stands_at_the_result_and_a_key_turns_to_the_last_weights(
    folders, tmp_path
) -> None:
    app, _ = make_app(tmp_path, run=folders["moons"])
    async with app.run_test(size=(160, 50)) as pilot:
        lab = lab_of(pilot)
        await until(pilot, lambda: lab.view.weights == "best")
        best, last = best_step(lab.view.history), lab.view.step
        await until(pilot, lambda: f"best, step {best}/90" in shown(pilot))
        await until(pilot, lambda: f"step {best}, the best" in shown(pilot))
        await pilot.press("B")
        await until(pilot, lambda: f"last, step {last}/90" in shown(pilot))
        await until(pilot, lambda: f"step {last}, the last" in shown(pilot))
        await pilot.press("B")
        assert lab.view.weights == "best"


async def test_the_result_is_a_place_after_the_last_step(folders, tmp_path) -> None:
    app, _ = make_app(tmp_path, run=folders["moons"])
    async with app.run_test(size=(160, 50)) as pilot:
        lab = lab_of(pilot)
        await until(pilot, lambda: lab.view.weights == "best" and lab.setup.ready)
        last, seen = lab.view.step, []
        for key in ("full_stop", "comma", "comma", "full_stop", "full_stop", "home", "end"):
            await pilot.press(key)
            seen.append((lab.view.weights, lab.view.at))
        assert seen == [
            ("best", last),
            ("last", last),
            ("", last - 1),
            ("last", last),
            ("best", last),
            ("", 0),
            ("best", last),
        ]


async def test_a_run_without_a_best_step_has_nothing_to_turn_to(folders, tmp_path) -> None:
    app, _ = make_app(tmp_path, run=folders["no dev set"])
    async with app.run_test(size=(160, 50)) as pilot:
        lab = lab_of(pilot)
        await until(pilot, lambda: lab.view.weights == "last" and lab.setup.ready)
        await pilot.press("B")
        assert lab.view.weights == "last"
        assert "no dev set says" in shown(pilot)


def test_the_figures_of_a_run_that_diverged_are_those_of_its_last_step(tmp_path) -> None:
    spec = experiment(CUBIC, data={"split": [30, 20]}, optimizer={"name": "sgd", "lr": 1e6})
    watch = watched(recorded(spec, tmp_path / "run", checkpoint=False)[0])
    history = watch.history
    assert history.end is not None
    assert history.end.status == "diverged"
    assert best_step(history) is not None
    lines = drawn(watch, "summary")
    assert f"best, step {best_step(history)}" in lines[1]
    assert f"last, step {history.last_step}: train loss" in lines[2]
    assert "best" not in lines[2]
    # It was never measured on its test set, so no picture does.
    assert Material(history).result_step is None
