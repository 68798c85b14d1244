"""The program pane: the experiment of the run, or of the setup, in words and as programs."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.explain.program import STYLES, program
from engine.explain.summary import explanation, text
from engine.presets import preset as presets
from tests.labs import lab_of, make_app, shown, until
from tests.trained import recorded
from tui.drawing.lists.program import draw_text
from tui.panes.program import WAYS, ProgramPane, _page
from tui.style.glyphs import ASCII, BRAILLE, GLYPHS
from tui.style.look import Look
from tui.style.palette import DARK

MOONS = presets.load("two-moons").experiment
SIZES = [(80, 24), (120, 40), (200, 60)]


def test_every_way_to_write_a_program_has_a_page() -> None:
    assert tuple(WAYS) == (*STYLES, "torch")
    for page in range(1 + len(WAYS)):
        assert _page(MOONS, page, "two-moons")


@pytest.mark.parametrize("glyphs", GLYPHS, ids=lambda glyphs: glyphs.name)
@pytest.mark.parametrize("width", [1, 10, 42, 200])
def test_a_text_fits_its_width(width, glyphs) -> None:
    look = Look(glyphs, DARK)
    for words, is_program in ((text(explanation(MOONS)), False), (program(MOONS), True)):
        lines = draw_text(words, width, look, program=is_program)
        assert all(line.cell_len == width for line in lines)
        if glyphs is ASCII:
            assert all(line.plain.isascii() for line in lines)


def test_words_are_broken_and_rows_of_a_table_are_not() -> None:
    lines = [
        line.plain.rstrip()
        for line in draw_text(text(explanation(MOONS)), 44, Look(BRAILLE, DARK), program=False)
    ]
    length = next(at for at, line in enumerate(lines) if line.startswith("length"))
    assert lines[length + 1].startswith(" " * 11)
    assert "whole training set" in lines[length + 1]
    assert any(line.startswith("layer1 ") and line.endswith("…") for line in lines)


def test_a_program_is_whole_and_its_docstring_stands_back() -> None:
    look = Look(BRAILLE, DARK)
    lines = draw_text(program(MOONS), 100, look, program=True)
    assert "\n".join(line.plain.rstrip() for line in lines) == program(MOONS).rstrip()
    muted = [line.plain for line in lines if line.style == look.style("muted")]
    assert any("as a plain PyTorch program" in line for line in muted)
    assert not any(line.startswith("import") for line in muted)


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_it_shows_the_setup_and_turns_its_pages(size, tmp_path: Path) -> None:
    app, _ = make_app(tmp_path, preset="two-moons")
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: lab_of(pilot).setup.ready)
        await pilot.press("tab", "E")
        await until(pilot, lambda: "Linear 2 → 5, then Sigmoid" in shown(pilot))
        pane = app.query_one(ProgramPane)
        assert app.focused is pane
        assert str(pane.border_subtitle) == "two-moons"
        await pilot.press("right")
        await until(pilot, lambda: "a class with named layers" in shown(pilot))
        assert "class Network(nn.Module):" in pane.text
        await pilot.press("left", "left")
        await until(pilot, lambda: "by formulas" in shown(pilot))
        assert "gW1 = " in pane.text


async def test_of_a_run_it_shows_what_was_recorded(tmp_path: Path) -> None:
    folder, _ = recorded(
        presets.load("zero-init", ("model.hidden=[7]",)).experiment, tmp_path / "z"
    )
    app, _ = make_app(tmp_path, run=folder)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: lab_of(pilot).view.step == 5)
        await pilot.press("E")
        await until(pilot, lambda: "Linear 2 → 7" in app.query_one(ProgramPane).text)
