"""Pictures of the screen for a report or a slide."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from tests.labs import lab_of, make_app, until
from tui.lab.screenshot import svg_of

PICTURE = Path(__file__).parents[3] / ".github" / "lab.svg"
SPACE = "{http://www.w3.org/XML/1998/namespace}space"


def assert_keeps_its_blanks(svg: str) -> None:
    """Assert that every piece of text asks for its blanks to be kept."""
    texts = [each for each in ElementTree.fromstring(svg).iter() if each.tag.endswith("text")]
    assert len(texts) > 20
    assert all(each.get(SPACE) == "preserve" for each in texts)


async def test_every_piece_of_text_keeps_its_blanks(tmp_path: Path) -> None:
    app, _ = make_app(tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: lab_of(pilot).draft is not None)
        await pilot.pause()
        assert_keeps_its_blanks(svg_of(app, "two < moons"))


def test_the_readmes_picture_does_too() -> None:
    assert_keeps_its_blanks(PICTURE.read_text("utf-8"))
