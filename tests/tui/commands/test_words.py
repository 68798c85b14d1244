"""Every heading on the screen is explained, and the help finds keys and words alike."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from engine.diagnosis import RULES
from tests.labs import FakeRun, lab_of, make_app, ready, shown, until
from tui.commands.command import key_name
from tui.commands.spots import spots_in
from tui.commands.table import TABLE, available
from tui.commands.words import WORDS
from tui.drawing.curves.quantities import QUANTITIES
from tui.drawing.gradients import table as gradients
from tui.drawing.lists import runs
from tui.drawing.lists.keys import NOTHING_FOUND, draw_help
from tui.drawing.lists.status import RESULTS
from tui.panes.runs.filter import FilterLine
from tui.panes.runs.list import ORDERS
from tui.pictures.gallery import VIEWS
from tui.places import NAMES
from tui.style.glyphs import BRAILLE
from tui.style.look import Look
from tui.style.palette import DARK

EXPLAINED = {name.casefold() for word in WORDS for name in word.names}


def headings(line: str) -> Iterator[str]:
    """Yield what stands over columns: words that one blank parts belong together."""
    yield from re.split(r"\s{2,}", line.strip())


def test_every_column_of_the_list_of_runs_is_explained() -> None:
    line = runs.draw_heading(200, Look(BRAILLE, DARK)).plain
    assert {"state", "what differs"} <= set(headings(line))
    assert {words.casefold() for words in headings(line)} <= EXPLAINED
    assert {name for name, _ in ORDERS} <= EXPLAINED
    assert set(runs.UNITS.values()) <= EXPLAINED


@pytest.mark.parametrize("width", [50, 80, 120, 200])
def test_every_column_of_the_gradient_table_is_explained(width: int) -> None:
    layer = gradients.LayerRow(
        name="layer1", shape="2→5", weight=0.1, bias=0.1, norm=1.0, update=1e-3, dead=0.0,
        saturated=0.0, verdict=None, recent=np.ones(20, np.float32),
    )  # fmt: skip
    table = gradients.GradientTable(layers=(layer,), kinds=frozenset(gradients.ORDER), whole=0.1)
    line = gradients.draw_heading(table, width, Look(BRAILLE, DARK)).plain.casefold()
    for name in sorted(EXPLAINED, key=len, reverse=True):
        line = re.sub(rf"(?<!\S){re.escape(name)}(?!\S)", "", line)
    assert not re.sub(r"1e-?\d+|\b1\b", "", line).strip()


def test_every_verdict_is_explained() -> None:
    source = "".join(Path(str(rule.judge.__code__.co_filename)).read_text() for rule in RULES)
    verdicts = set(re.findall(r'Verdict\("([^"]+)"', source))
    assert {"dead", "dying", "vanishing"} <= verdicts
    assert verdicts | {"fine"} <= EXPLAINED


def test_every_state_result_quantity_and_picture_is_explained() -> None:
    assert {name for _, name in RESULTS} <= EXPLAINED
    assert {*BRAILLE.states} - {"none", "ended"} <= EXPLAINED
    assert {name.replace("_", " ") for name in QUANTITIES} - {"grad norm"} <= EXPLAINED
    assert {view.title.casefold() for view in VIEWS.values()} <= EXPLAINED


def test_words_belong_to_panes_that_there_are_and_say_something() -> None:
    for word in WORDS:
        assert set(word.panes) <= {*NAMES, "race", "status"}
        assert word.about.endswith(".")
        assert word.names
    assert {pane for word in WORDS for pane in word.panes} >= set(NAMES)


def test_the_help_has_every_command_and_every_word() -> None:
    lines = "\n".join(line.plain for line in draw_help(200, DARK))
    for command in TABLE:
        assert command.help in lines
        assert key_name(command.keys[0]) in lines
    for word in WORDS:
        assert word.about in lines


@pytest.mark.parametrize("width", [20, 40, 71, 103])
def test_the_help_fits_its_width(width: int) -> None:
    assert all(line.cell_len == width for line in draw_help(width, DARK))


def test_the_help_begins_with_what_can_be_done_now_and_the_words_of_the_pane() -> None:
    now = available("over", ("runs",))
    lines = [
        line.plain.rstrip()
        for line in draw_help(103, DARK, now=now, where="in the list of runs", pane="runs")
    ]
    assert lines[0] == "Now, in the list of runs"
    assert "enter" in lines[1]
    assert lines.index("Words on this pane") < lines.index("Run")
    pin = next(index for index, line in enumerate(lines) if "Keep this run above" in line)
    assert pin < lines.index("Words on this pane")
    assert not any("Pause the run" in line for line in lines[: lines.index("Run")])


def test_where_something_is_typed_no_place_around_it_offers_what_would_be_written() -> None:
    spots = spots_in(FilterLine)
    offered = available("form", (*spots, "runs"))
    assert {command.at for command in offered if set(command.keys) & {*"cnmtD/"}} == set()
    assert any(command.at == "filter" for command in offered)
    assert any(command.at == "field" and "space" in command.keys for command in offered)


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("norm", "The norm of the weights themselves"),
        ("sat.", "nearly flat"),
        ("verdict", "What the rules of the diagnosis say"),
        ("probe", "now and then"),
        ("^o", "another order"),
        ("pin", "Keep this run above"),
        ("learning rate", "Multiply the learning rate by 1.25"),
    ],
)
def test_a_search_finds_keys_and_words_and_leaves_out_the_rest(search: str, found: str) -> None:
    everything = draw_help(200, DARK)
    lines = draw_help(200, DARK, search=search)
    assert found in "\n".join(line.plain for line in lines)
    assert len(lines) < len(everything) / 3
    assert NOTHING_FOUND in draw_help(200, DARK, search="no such thing")[0].plain


async def test_the_lab_shows_what_can_be_done_now_and_searches_as_one_types(tmp_path: Path) -> None:
    app, _ = make_app(tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        lab = await ready(pilot)
        await pilot.press("question_mark")
        await until(pilot, lambda: "Now, in the list of presets" in shown(pilot))
        assert "Train the experiment" in shown(pilot)
        await pilot.press("slash", *"sat.")
        await until(pilot, lambda: "nearly flat" in shown(pilot))
        assert "Train the experiment" not in shown(pilot)
        await pilot.press("question_mark")
        await until(pilot, lambda: app.screen is lab)


async def test_what_is_searched_for_is_never_a_command(tmp_path: Path) -> None:
    fake = FakeRun(tmp_path).begin()
    fake.train([0.5])
    app, _ = make_app(tmp_path, run=fake.folder)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: lab_of(pilot).situation == "live")
        await pilot.press("f1", *"quit")
        await until(pilot, lambda: "asks what becomes of a run" in shown(pilot))
        assert app.screen is not lab_of(pilot)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is lab_of(pilot))
    fake.close()
