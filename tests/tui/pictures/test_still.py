"""The still picture that ``epochal show`` prints."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.labs import FakeRun
from tui.pictures.still import draw_still
from tui.pictures.wish import SizeError, parse_size
from tui.style.glyphs import ASCII, BRAILLE
from tui.style.look import Look
from tui.style.palette import DARK
from tui.watching.watch import Watch

PLAIN = DARK.without_colours()


@pytest.fixture
def run(tmp_path: Path) -> Iterator[FakeRun]:
    fake = FakeRun(tmp_path, layers=5).begin()
    fake.train([0.9 - 0.005 * step for step in range(100)])
    fake.end(test_accuracy=0.9, test_loss=0.25)
    yield fake
    fake.close()


def picture(run: FakeRun, width: int, height: int, step: int | None = None) -> list[str]:
    watch = Watch(run.folder)
    watch.poll()
    return [
        line.plain for line in draw_still(watch, width, height, Look(BRAILLE, PLAIN), step=step)
    ]


def test_it_has_the_run_its_result_its_curves_and_its_norms(run: FakeRun) -> None:
    lines = "\n".join(picture(run, 100, 40))
    for words in (run.folder.name, "Two moons", "finished", "test accuracy 0.9000", "loss"):
        assert words in lines
    for words in ("accuracy", "layer1", "layer5", "layer1 / layer5"):
        assert words in lines


def test_how_many_rows_of_a_file_were_drawn_is_said(tmp_path: Path) -> None:
    files = [{"name": "big.csv", "rows": 1000, "drawn": 20}, {"name": "all.csv"}]
    fake = FakeRun(tmp_path, files=files).begin()
    fake.train([0.5])
    assert picture(fake, 80, 24)[3].rstrip() == (
        "20 of the 1000 rows of big.csv were drawn at random"
    )
    fake.close()


@pytest.mark.parametrize(
    "size", [(1, 1), (3, 2), (20, 5), (40, 12), (80, 24), (100, 30), (200, 60)]
)
def test_it_has_the_size_that_was_asked_for(run: FakeRun, size: tuple[int, int]) -> None:
    lines = picture(run, *size)
    assert len(lines) <= size[1]
    assert {len(line) for line in lines} <= {size[0]}


def test_at_a_step_it_shows_what_was_known_then(run: FakeRun) -> None:
    early = "\n".join(picture(run, 100, 40, step=10))
    assert "step 10/" in early
    assert "loss 0.8550" in early
    assert "train 0.8550" in early


def test_without_colours_the_curves_have_shapes_of_their_own(run: FakeRun) -> None:
    assert any("+" in line for line in picture(run, 100, 40)[5:-10])


def test_in_ascii_everything_is(run: FakeRun) -> None:
    watch = Watch(run.folder)
    watch.poll()
    assert all(line.plain.isascii() for line in draw_still(watch, 100, 40, Look(ASCII, PLAIN)))


def test_a_run_that_has_not_begun_is_shown_too(tmp_path: Path) -> None:
    watch = Watch(FakeRun(tmp_path).folder)
    watch.poll()
    lines = [line.plain for line in draw_still(watch, 80, 24, Look(BRAILLE, PLAIN))]
    assert "starting" in "\n".join(lines)


def test_of_many_layers_the_first_and_the_last_are_shown(tmp_path: Path) -> None:
    fake = FakeRun(tmp_path, layers=50).begin()
    fake.train([0.5])
    lines = "\n".join(picture(fake, 80, 24))
    assert "layer1 " in lines
    assert "layer50" in lines
    assert "more layers" in lines
    fake.close()


def test_a_size_is_read_or_refused() -> None:
    assert parse_size("100x30") == (100, 30)
    assert parse_size("80X24") == (80, 24)
    for wrong in ("", "100", "0x5", "5x0", "9999x9999", "axb", "-1x5"):
        with pytest.raises(SizeError, match="100x30"):
            parse_size(wrong)
