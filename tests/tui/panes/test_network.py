"""The network pane: which picture it shows, of which step, and when it draws it."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from textual.app import App, ComposeResult
from textual.containers import Vertical
from textual.pilot import Pilot

from engine.presets import preset as presets
from engine.recording.events import Snapshot
from engine.recording.history import History
from engine.runs.folder import RunFolder
from tests.labs import until
from tests.patience import DEADLINE
from tests.tapes import Clock, header
from tests.trained import recorded
from tui.drawing.lists.status import Standing
from tui.drawing.network.material import Material, ViewError
from tui.panes.network import NetworkPane
from tui.pictures.gallery import VIEWS, exhibits, layers, next_exhibit, next_layer
from tui.pictures.shown import as_fits
from tui.style.glyphs import GLYPHS
from tui.style.look import Look
from tui.style.palette import DARK
from tui.watching.view import Trace, View
from tui.watching.watch import Watch

TRAINED = {
    "two-moons": ("train.epochs=130",),
    "function-set": ("train.epochs=20",),
    "iris": ("train.epochs=2",),
    "sum-of-30": ("train.steps=20",),
}
SIZES = [(1, 1), (2, 20), (20, 2), (38, 8), (44, 32), (58, 23), (80, 20), (200, 60)]
RUNNING, PAUSED = Standing(state="running"), Standing(state="paused")


def history_of(path: Path) -> History:
    watch = Watch(RunFolder(path))
    watch.poll()
    return watch.history


def train(path: Path, name: str, *changes: str) -> History:
    folder, _ = recorded(presets.load(name, changes).experiment, path)
    return history_of(folder.path)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, History]:
    folder = tmp_path_factory.mktemp("runs")
    return {name: train(folder / name, name, *changes) for name, changes in TRAINED.items()}


class Counting(NetworkPane):
    """A pane that counts how often it draws."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.drawn = 0

    def draw(self, width: int, height: int) -> Any:
        self.drawn += 1
        return super().draw(width, height)


class Hall(App[None]):
    """The pane alone."""

    CSS = "NetworkPane { border: round white; width: 1fr; }"

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.clock = clock

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Counting(id="network", now=self.clock)


@asynccontextmanager
async def hall(size: tuple[int, int] = (60, 25)) -> AsyncIterator[tuple[Pilot[None], Counting]]:
    app = Hall(Clock())
    async with app.run_test(size=size) as pilot:
        yield pilot, app.query_one(Counting)


def view_of(history: History, step: int | None = None, **changes: Any) -> View:
    at = history.last_step if step is None else step
    given = {"history": history, "run": "a-run", "step": at, "version": at, "standing": PAUSED}
    return View(**{**given, **changes})


def words(pane: NetworkPane) -> str:
    return "\n".join(strip.text for strip in pane._strips)


def ready(pane: NetworkPane) -> bool:
    return bool(pane._strips) and "reading the data" not in words(pane)


async def show(pilot: Pilot[None], pane: NetworkPane, view: View) -> str:
    """Show a view, wait for its data, and return what is drawn."""
    pane.view = view
    await until(pilot, lambda: (stock := pane._stock()) is None or stock.ready)
    await pilot.pause()
    return words(pane)


# --- what is shown ---------------------------------------------------------------------------


async def test_without_a_run_it_says_what_it_is_for() -> None:
    async with hall() as (_, pane):
        pane.redraw()
        assert "What the network does appears here." in words(pane)
        assert str(pane.border_title) == "Network"


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("two-moons", "Decision region"),
        ("function-set", "Fitted function"),
        ("iris", "Predictions"),
        ("sum-of-30", "Ten tests"),
    ],
)
async def test_the_first_picture_follows_from_the_data(name, title, runs) -> None:
    async with hall() as (pilot, pane):
        assert await show(pilot, pane, view_of(runs[name]))
        assert str(pane.border_title) == title


@pytest.mark.parametrize("name", TRAINED)
async def test_every_picture_of_a_run_fits_every_size(name, runs) -> None:
    async with hall() as (pilot, pane):
        await show(pilot, pane, view_of(runs[name]))
        for exhibit in exhibits(runs[name].header):
            for glyphs in GLYPHS:
                for palette in (DARK, DARK.without_colours()):
                    pane.set_reactive(NetworkPane.look, Look(glyphs, palette))
                    pane.set_reactive(NetworkPane.view, view_of(runs[name], exhibit=exhibit))
                    for width, height in SIZES:
                        lines = pane.draw(width, height)
                        assert max(line.cell_len for line in lines) <= width
                        if not VIEWS[exhibit].of_layers:
                            assert len(lines) <= height
                        if glyphs.name == "ascii":
                            assert all(line.plain.isascii() for line in lines)


async def test_the_border_names_the_step(runs) -> None:
    async with hall() as (pilot, pane):
        await show(pilot, pane, view_of(runs["two-moons"], 12))
        assert str(pane.border_subtitle).startswith("step 12 · loss 0.")


async def test_of_a_step_without_weights_it_shows_the_nearest_before_and_says_so(runs) -> None:
    async with hall() as (pilot, pane):
        drawn = await show(pilot, pane, view_of(runs["two-moons"], 129))
        assert "step 128, last kept before 129" in str(pane.border_subtitle)
        assert drawn == await show(pilot, pane, view_of(runs["two-moons"], 128))


async def test_the_cursor_s_step_is_the_one_that_is_shown(runs) -> None:
    async with hall() as (pilot, pane):
        newest = await show(pilot, pane, view_of(runs["two-moons"], exhibit="weights"))
        earlier = await show(pilot, pane, view_of(runs["two-moons"], exhibit="weights", cursor=3))
        assert "step 3" in str(pane.border_subtitle)
        assert earlier != newest


async def test_one_layer_s_weights_are_shown_alone(runs) -> None:
    async with hall() as (pilot, pane):
        history = runs["two-moons"]
        drawn = await show(pilot, pane, view_of(history, exhibit="weights", layer="layer2"))
        assert str(pane.border_title) == "Weights of layer2"
        assert "layer1" not in drawn
        assert "layer2" in drawn


async def test_a_layer_of_another_run_stands_for_all_of_them(runs) -> None:
    async with hall() as (pilot, pane):
        stale = view_of(runs["two-moons"], exhibit="weights", layer="layer6")
        drawn = await show(pilot, pane, stale)
        assert "layer1" in drawn
        assert "layer2" in drawn


async def test_a_picture_that_this_run_has_not_is_replaced_and_that_is_said(runs) -> None:
    async with hall() as (pilot, pane):
        drawn = await show(pilot, pane, view_of(runs["iris"], exhibit="function"))
        assert str(pane.border_title) == "Predictions"
        assert "No fitted function: needs targets that are numbers" in " ".join(drawn.split())


async def test_a_member_has_pictures_of_its_own(runs) -> None:
    first = runs["two-moons"]
    both = History()
    assert first.header is not None
    both.add(replace(first.header, seeds=[102, 103]))
    values = first.snapshot(0).values
    both.add(Snapshot(step=0, values=np.concatenate([values, values + 1])))
    async with hall() as (pilot, pane):
        one = await show(pilot, pane, view_of(both, exhibit="weights"))
        two = await show(pilot, pane, view_of(both, exhibit="weights", member=1))
        assert one != two
        assert "member 2 of 2" in str(pane.border_subtitle)


@pytest.mark.parametrize(
    ("room", "words"),
    [
        (44, "step 3 000, the last · member 1 of 8"),
        (32, "step 3 000, the last · member 1"),
        (59, "step 3 000, the last · seed 102, member 1 of 8"),
        (80, "step 3 000, the last · seed 102, member 1 of 8 · loss 0.2224"),
        (8, "step 3 000, the last"),
    ],
)
def test_whose_picture_it_is_goes_before_its_loss_in_the_room_there_is(
    room: int, words: str
) -> None:
    member = ("seed 102, member 1 of 8", "member 1 of 8", "member 1")
    parts = [("step 3 000, the last",), member, ("loss 0.2224",)]
    assert as_fits(parts, room, " · ") == words
    assert as_fits([parts[0], (), parts[2]], 40, " · ") == "step 3 000, the last · loss 0.2224"


# --- when ------------------------------------------------------------------------------------


async def test_a_network_that_trains_is_drawn_once_a_second(runs) -> None:
    async with hall() as (pilot, pane):
        # The first picture of all costs what there is to import.
        await show(pilot, pane, view_of(runs["two-moons"], 4))
        pilot.app.clock.now += 100.0
        await show(pilot, pane, view_of(runs["two-moons"], 5, standing=RUNNING))
        drawn = pane.drawn
        for step in (6, 7, 8):
            pane.view = view_of(runs["two-moons"], step, standing=RUNNING)
        assert pane.drawn == drawn
        assert "step 5" in str(pane.border_subtitle)
        pilot.app.clock.now += 1.0
        pane.view = view_of(runs["two-moons"], 9, standing=RUNNING)
        assert pane.drawn == drawn + 1
        assert "step 9" in str(pane.border_subtitle)


async def test_on_a_slow_link_it_can_be_drawn_less_often(runs) -> None:
    async with hall() as (pilot, pane):
        pane.period = 4.0
        await show(pilot, pane, view_of(runs["two-moons"], 5, standing=RUNNING))
        pilot.app.clock.now += 3.9
        pane.view = view_of(runs["two-moons"], 6, standing=RUNNING)
        assert "step 5" in str(pane.border_subtitle)
        pilot.app.clock.now += 0.1
        pane.view = view_of(runs["two-moons"], 7, standing=RUNNING)
        assert "step 7" in str(pane.border_subtitle)


async def test_what_came_too_early_is_drawn_when_its_time_has_come(runs) -> None:
    async with hall() as (pilot, pane):
        await show(pilot, pane, view_of(runs["two-moons"], 5, standing=RUNNING))
        pane.view = view_of(runs["two-moons"], 6, standing=RUNNING)
        assert "step 5" in str(pane.border_subtitle)
        pilot.app.clock.now += 1.0
        await until(pilot, lambda: "step 6" in str(pane.border_subtitle))


@pytest.mark.parametrize(
    "change",
    [
        {"cursor": 2},
        {"exhibit": "confusion"},
        {"exhibit": "weights", "layer": "layer2"},
        {"standing": PAUSED, "step": 6},
        {"step": 4},
        {"run": "another"},
    ],
    ids=str,
)
async def test_what_the_user_does_is_seen_at_once(change, runs) -> None:
    async with hall() as (pilot, pane):
        view = view_of(runs["two-moons"], 5, standing=RUNNING)
        await show(pilot, pane, view)
        drawn = pane.drawn
        pane.view = replace(view, **change)
        assert pane.drawn == drawn + 1


async def test_another_look_is_seen_at_once(runs) -> None:
    async with hall() as (pilot, pane):
        await show(pilot, pane, view_of(runs["two-moons"], 5, standing=RUNNING))
        assert "○" in words(pane)
        pane.look = Look(GLYPHS[2], DARK)
        assert words(pane).isascii()


async def test_nothing_new_is_not_drawn_again(runs) -> None:
    async with hall() as (pilot, pane):
        await show(pilot, pane, view_of(runs["two-moons"], 128))
        drawn = pane.drawn
        pane.view = view_of(runs["two-moons"], 128, version=9999)
        assert pane.drawn == drawn
        # The weights are those of step 128 still: only the border has news.
        pane.view = view_of(runs["two-moons"], 129)
        assert pane.drawn == drawn
        assert "129" in str(pane.border_subtitle)


async def test_hidden_it_neither_draws_nor_reads(runs, monkeypatch) -> None:
    async with hall() as (pilot, pane):
        monkeypatch.setattr(Material, "prepare", lambda material: pytest.fail("it has read"))
        pane.parent.display = False
        await pilot.pause()
        drawn = pane.drawn
        for step in (5, 6, 7):
            pane.view = view_of(runs["two-moons"], step)
            await pilot.pause()
        assert pane.drawn == drawn
        assert pane._stocks == {}


async def test_shown_again_it_has_caught_up(runs) -> None:
    async with hall() as (pilot, pane):
        await show(pilot, pane, view_of(runs["two-moons"], 5, standing=RUNNING))
        pane.parent.display = False
        await pilot.pause()
        pane.view = view_of(runs["two-moons"], 9, standing=RUNNING)
        pane.parent.display = True
        await until(pilot, lambda: "step 9" in str(pane.border_subtitle))


# --- the data --------------------------------------------------------------------------------


async def test_data_is_read_beside_the_lab_and_that_is_said(runs, monkeypatch) -> None:
    gate, prepare = threading.Event(), Material.prepare

    def slow(material: Material) -> None:
        assert gate.wait(DEADLINE)
        prepare(material)

    monkeypatch.setattr(Material, "prepare", slow)
    async with hall() as (pilot, pane):
        pane.view = view_of(runs["two-moons"], 5)
        assert "reading the data" in words(pane)
        await pilot.pause()
        gate.set()
        await until(pilot, lambda: ready(pane))
        assert "train" in words(pane)


async def test_data_is_read_once_for_each_run(runs, monkeypatch) -> None:
    read, prepare = [], Material.prepare
    monkeypatch.setattr(Material, "prepare", lambda self: (read.append(self), prepare(self))[1])
    async with hall() as (pilot, pane):
        for step in range(5):
            await show(pilot, pane, view_of(runs["two-moons"], step))
        await show(pilot, pane, view_of(runs["function-set"], run="another"))
        await show(pilot, pane, view_of(runs["two-moons"], 7))
        assert len(read) == 2


async def test_data_is_read_once_for_all_steps_of_a_replay(runs, monkeypatch) -> None:
    """Each step has a history of its own, and the data of the same run."""
    read, prepare = [], Material.prepare
    monkeypatch.setattr(Material, "prepare", lambda self: (read.append(self), prepare(self))[1])
    whole = runs["two-moons"]
    async with hall() as (pilot, pane):
        seen = [await show(pilot, pane, view_of(whole.until(step), step)) for step in (0, 8, 16)]
        assert len(read) == 1
        assert len(set(seen)) == 3
        assert not any("reading" in words for words in seen)


async def test_a_run_of_the_same_name_with_another_history_is_read_anew(runs) -> None:
    async with hall() as (pilot, pane):
        await show(pilot, pane, view_of(runs["two-moons"]))
        await show(pilot, pane, view_of(runs["function-set"]))
        assert str(pane.border_title) == "Fitted function"
        assert "exp(x)" in words(pane)


def own_table(path: Path) -> History:
    rows = [f"{i},{-i},{name}\n" for i, name in enumerate(6 * ["月亮", "\x1b[31m"])]
    path.write_text("\x1b[2J,第二,sort\n" + "".join(rows), "utf-8")
    tables = {
        "data": {
            "kind": "file",
            "path": str(path),
            "inputs": ["\x1b[2J", "第二"],
            "targets": ["sort"],
            "task": "classes",
        },
        "model": {"hidden": [2]},
        "loss": {"name": "cross_entropy"},
        "train": {"steps": 3},
    }
    folder, _ = recorded(presets.resolve(tables, "here"), path.parent / "own")
    return history_of(folder.path)


async def test_names_from_a_file_are_harmless_and_in_their_place(tmp_path) -> None:
    history = own_table(tmp_path / "own.csv")
    async with hall() as (pilot, pane):
        drawn = ""
        for exhibit in exhibits(history.header):
            drawn += await show(pilot, pane, view_of(history, exhibit=exhibit))
            for width in (10, 20, 38, 44, 58):
                assert max(line.cell_len for line in pane.draw(width, 23)) <= width
        assert "\x1b" not in drawn
        assert "月亮" in drawn


async def test_a_file_that_is_gone_is_said_in_place_and_the_weights_are_there(tmp_path) -> None:
    history = own_table(tmp_path / "own.csv")
    (tmp_path / "own.csv").unlink()
    async with hall() as (pilot, pane):
        drawn = " ".join((await show(pilot, pane, view_of(history))).split())
        assert "The data cannot be drawn again:" in drawn
        assert "own.csv" in drawn
        drawn = await show(pilot, pane, view_of(history, exhibit="weights"))
        assert "layer1 · 2x2" in drawn


async def test_a_file_that_is_back_is_read_when_the_pane_is_shown_again(tmp_path) -> None:
    path = tmp_path / "own.csv"
    history = own_table(path)
    path.rename(tmp_path / "away.csv")
    async with hall() as (pilot, pane):
        assert "cannot be drawn again" in " ".join(
            (await show(pilot, pane, view_of(history))).split()
        )
        (tmp_path / "away.csv").rename(path)
        pane.parent.display = False
        await pilot.pause()
        pane.parent.display = True
        await until(pilot, lambda: ready(pane) and "wrong" in words(pane))


async def test_a_broken_library_costs_the_picture_only(runs, monkeypatch) -> None:
    def broken(material: Material) -> None:
        raise RuntimeError("no memory \x1b[2J left")

    monkeypatch.setattr(Material, "prepare", broken)
    async with hall() as (pilot, pane):
        drawn = await show(pilot, pane, view_of(runs["two-moons"]))
        assert "RuntimeError: no memory" in drawn
        assert "\x1b" not in drawn


async def test_more_rows_than_a_live_picture_takes_are_thinned_and_that_is_said(tmp_path) -> None:
    history = train(
        tmp_path / "big",
        "two-moons",
        "data.samples=9000",
        "data.split=[8000, 500]",
        "train.epochs=1",
    )
    async with hall() as (pilot, pane):
        drawn = await show(pilot, pane, view_of(history))
        assert "Made of 2 000 rows of each set, evenly chosen." in drawn
        assert "Made of" not in await show(pilot, pane, view_of(history, exhibit="weights"))
        material = pane._stock().material
        assert {name: len(part) for name, part in material.parts.items()} == {
            "train": 2000,
            "dev": 500,
        }


# --- what cannot be shown --------------------------------------------------------------------


async def test_a_network_of_ones_own_shows_its_weights_and_says_why_no_more(runs) -> None:
    own = History()
    given = runs["two-moons"].header
    assert given is not None
    own.add(replace(given, experiment={"model": {"kind": "python", "module": "a.py:B"}}))
    own.add(runs["two-moons"].snapshot(0))
    async with hall() as (pilot, pane):
        drawn = await show(pilot, pane, view_of(own))
        assert str(pane.border_title) == "Histogram of weights"
        assert "Only PyTorch can compute" in drawn
        assert "layer1.weight" in drawn


async def test_a_network_without_weights_says_so(tmp_path) -> None:
    spec = presets.load("zero-init").experiment
    folder, _ = recorded(spec, tmp_path / "bare", snapshots=False)
    async with hall() as (pilot, pane):
        drawn = await show(pilot, pane, view_of(history_of(folder.path)))
        assert "has no weights" in " ".join(drawn.split())


async def test_of_a_large_network_it_says_which_weights_there_are(tmp_path) -> None:
    history = train(tmp_path / "large", "zero-init", "model.hidden=[100, 100]", "train.epochs=3")
    async with hall() as (pilot, pane):
        drawn = await show(pilot, pane, view_of(history, 2))
        assert "Of 10 501 numbers the first and the last are kept." in " ".join(drawn.split())
        await show(pilot, pane, view_of(history, 1))
        assert "step 0, last kept before 1" in str(pane.border_subtitle)


def test_beyond_the_limit_that_is_why_there_are_no_weights() -> None:
    huge = History()
    huge.add(header(parameters={"layer1.weight": [600, 500], "layer1.bias": [600]}))
    with pytest.raises(ViewError, match="of 300 600 numbers: of more than 250 000 none are kept"):
        Material(huge).network(0)


async def test_a_recording_made_by_hand_does_no_harm() -> None:
    bare = History()
    bare.add(header())
    async with hall() as (pilot, pane):
        await show(pilot, pane, view_of(bare, 3))
        await show(pilot, pane, view_of(bare, 3, member=7, exhibit="x", layer="y"))


@pytest.mark.parametrize("name", TRAINED)
async def test_weights_that_are_anything_are_drawn(name, runs) -> None:
    given = runs[name]
    async with hall() as (pilot, pane):
        for value in (np.nan, np.inf, -np.inf, 1e38, 0.0):
            broken = History()
            broken.add(given.header)
            broken.add(Snapshot(step=0, values=np.full_like(given.snapshot(0).values, value)))
            for exhibit in exhibits(given.header):
                assert await show(pilot, pane, view_of(broken, 0, exhibit=exhibit)), value
                for width, height in SIZES:
                    pane.draw(width, height)


# --- going through them ----------------------------------------------------------------------


def test_pictures_are_gone_through_both_ways(runs) -> None:
    view = view_of(runs["two-moons"])
    names = []
    for _ in range(8):
        view = replace(view, exhibit=next_exhibit(view, 1))
        names.append(view.exhibit)
    pictures = ["predictions", "confusion", "evaluation", "activations", "histogram", "weights"]
    pictures.append("region")
    assert names == [*pictures, "predictions"]
    assert next_exhibit(view_of(runs["two-moons"]), -1) == "weights"
    assert next_exhibit(view_of(runs["function-set"], exhibit="region"), 1) == "predictions"


def test_layers_are_gone_through_and_then_all_of_them(runs) -> None:
    assert layers(runs["function-set"].header) == [f"layer{index}" for index in range(1, 7)]
    view = view_of(runs["two-moons"])
    assert next_layer(view, 1) == "layer1"
    assert next_layer(replace(view, layer="layer1"), 1) == "layer2"
    assert next_layer(replace(view, layer="layer2"), 1) == ""
    assert next_layer(view, -1) == "layer2"
    assert next_layer(replace(view, layer="layer9"), 1) == "layer1"


def test_without_a_run_there_is_nothing_to_go_through() -> None:
    assert next_exhibit(View(exhibit="region"), 1) == "region"
    assert next_layer(View(layer="layer1"), 1) == "layer1"


# --- several runs ----------------------------------------------------------------------------


def beside(history: History, run: str, slot: int, step: int | None = None) -> Trace:
    at = history.last_step if step is None else step
    return Trace(history=history, run=run, title=run, version=at, step=at, slot=slot)


async def show_several(pilot: Pilot[None], pane: NetworkPane, view: View) -> list[str]:
    await show(pilot, pane, view)
    await until(pilot, lambda: all(stock.ready for stock in pane._stocks.values()))
    await pilot.pause()
    return words(pane).splitlines()


async def test_the_pictures_of_several_runs_stand_side_by_side_or_one_under_the_other(runs) -> None:
    moons, iris = runs["two-moons"], runs["iris"]
    view = view_of(moons, label="moons", others=(beside(iris, "iris", 1),), exhibit="confusion")
    for size in ((100, 25), (60, 40)):
        async with hall(size) as (pilot, pane):
            lines = await show_several(pilot, pane, view)
            first = next(line for line in lines if "moons" in line)
            assert ("iris" in first) == (size[0] == 100)
            assert "iris" in "\n".join(lines)
            assert "versicolor" in "\n".join(lines)
            assert str(pane.border_title) == "Confusion matrix"
            for width, height in SIZES:
                assert max(line.cell_len for line in pane.draw(width, height)) <= width


async def test_a_run_beside_that_lacks_the_picture_shows_its_own_and_says_so(runs) -> None:
    others = (beside(runs["function-set"], "functions", 1),)
    view = view_of(runs["two-moons"], label="moons", others=others, exhibit="region")
    async with hall((120, 25)) as (pilot, pane):
        shown = " ".join("\n".join(await show_several(pilot, pane, view)).split())
        assert "No decision region: needs classes" in shown


async def test_each_of_several_runs_is_shown_at_its_own_step(runs) -> None:
    others = (beside(runs["two-moons"], "later", 1, step=31),)
    view = view_of(runs["two-moons"], 12, label="sooner", others=others, exhibit="weights")
    async with hall((120, 25)) as (pilot, pane):
        lines = await show_several(pilot, pane, view)
        named = next(line for line in lines if "sooner" in line)
        assert "step 12" in named
        assert "step 31" in named.partition("later")[2]
