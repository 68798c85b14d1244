"""Where plain ASCII is asked for, nothing else is on the screen but letters."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.cells import cell_len

from tests.labs import FakeRun, lab_of, make_app, settled, shown, until
from tui.style.ascii_lines import in_ascii
from tui.style.glyphs import ASCII, BLOCKS, BRAILLE
from tui.style.look import Look


@pytest.mark.parametrize(
    ("drawn", "seen"),
    [
        ("2 → 5 → 1 · weights…", "2 > 5 > 1 | weights~"),
        ("╭─ Help ─┬╌╮", "+- Help -+-+"),
        ("│ ┃ ║ ╎", "| | = |"),
        ("▁▂▃▄▅▆▇█ ▊▐░", "_.-:=+*# ###"),
        ("“5 × 3” — ≤ ±½\xa0x²", '"5 x 3" - < ~? x2'),
        ("größe σ 日本", "größe σ 日本"),
        ("😀 ⣿", "?? :"),
    ],
)
def test_each_sign_is_shown_by_one_as_wide(drawn: str, seen: str) -> None:
    assert in_ascii(drawn) == seen
    assert cell_len(drawn) == cell_len(seen)


def test_whatever_the_other_sets_of_glyphs_draw_has_a_sign_in_this() -> None:
    for glyphs in (BRAILLE, BLOCKS):
        signs = "".join(str(each) for each in (*vars(glyphs).values(), *glyphs.states.values()))
        assert in_ascii("".join(sign for sign in signs if sign not in "?∞")).count("?") == 0


async def test_nothing_else_is_on_the_screen_wherever_one_goes(tmp_path: Path) -> None:
    run = FakeRun(tmp_path).begin()
    run.train([1 / (step + 1) for step in range(40)])
    run.end()
    run.close()
    app, _ = make_app(tmp_path, run=run.folder, look=Look(ASCII))
    async with app.run_test(size=(90, 24)) as pilot:
        await settled(pilot)
        for key in "14":
            await pilot.press(key)
            await settled(pilot)
            assert shown(pilot).isascii(), (key, shown(pilot))
        for key in ("question_mark", "ctrl+p"):
            await pilot.press(key)
            await until(pilot, lambda: app.screen is not lab_of(pilot))
            assert shown(pilot).isascii(), (key, shown(pilot))
            await pilot.press("escape")
            await until(pilot, lambda: app.screen is lab_of(pilot))
        # Another set is chosen by a key, and this one again.
        await settled(pilot)
        await pilot.press("g")
        await settled(pilot)
        assert not shown(pilot).isascii()
        await pilot.press("g", "g")
        await settled(pilot)
        assert shown(pilot).isascii()
