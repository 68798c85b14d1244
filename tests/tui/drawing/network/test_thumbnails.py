"""Pictures of a set with what the network says of them: half blocks, or signs where no colours."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from rich.color import Color
from rich.console import Console

from tui.drawing.network.predictions import Predictions
from tui.drawing.network.thumbnails import Thumbnails, draw_thumbnails
from tui.style.glyphs import ASCII
from tui.style.look import Look
from tui.style.palette import DARK

PLAIN = Look(palette=DARK.without_colours())


def pictures(shape: tuple[int, ...], rows: int = 5) -> Thumbnails:
    """Return pictures whose upper half is black and whose lower half is white."""
    pixels = np.zeros((rows, *shape))
    pixels[:, :, shape[1] // 2 :] = 255
    said = Predictions(
        part="test",
        input_names=("1x1",),
        target_names=("cat", "dog"),
        inputs=pixels.reshape(rows, -1),
        said=np.tile([0.25, 0.75], (rows, 1)),
        targets=np.array([1, 0, 1, 1, 1])[:rows],
        classes=np.ones(rows, np.int64),
    )
    return Thumbnails(said=said, shape=shape)


def text(drawn: Thumbnails, width: int, height: int, look: Look) -> list[str]:
    return [line.plain.rstrip() for line in draw_thumbnails(drawn, width, height, look)]


def test_each_has_what_the_network_says_and_what_it_is_under_it() -> None:
    lines = text(pictures((1, 12, 12)), 46, 20, PLAIN)
    assert lines[0] == "pictures of the test set"
    assert lines[1:4] == [""] * 3
    assert lines[4] == "████████████    ████████████    ████████████"
    assert lines[7] == "dog 75%         dog 75%, is c…  dog 75%"
    assert lines[-1] == "5 test rows; 1 wrong, 80.00% right"


def test_small_ones_are_drawn_larger_and_large_ones_smaller() -> None:
    assert text(pictures((1, 4, 4)), 30, 9, PLAIN)[3] == "████████        ████████"
    lines = text(pictures((1, 64, 64)), 40, 30, PLAIN)
    assert lines[16] == "█" * 32
    assert lines[8].strip() == ""


def test_colours_are_those_of_the_grid() -> None:
    shown = pictures((3, 12, 12))
    shown.said.inputs.reshape(-1, 3, 12, 12)[:, 1:] = 0
    line = draw_thumbnails(shown, 40, 12, Look())[4]
    style = line.get_style_at_offset(Console(), 0)
    assert style.color == Color.from_ansi(16 + 36 * 5)
    assert line.plain[0] == "▀"


def test_signs_stand_for_shades_in_ascii() -> None:
    assert text(pictures((1, 12, 12)), 20, 12, replace(PLAIN, glyphs=ASCII))[4] == "@" * 12


@pytest.mark.parametrize("size", [(0, 0), (1, 1), (10, 40), (40, 5), (80, 24), (200, 60)])
@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 5, 31), (1, 1, 1), (1, 100, 7)])
def test_it_is_never_larger_than_its_room(size: tuple[int, int], shape: tuple[int, ...]) -> None:
    for rows in (1, 5):
        lines = draw_thumbnails(pictures(shape, rows), *size, Look())
        assert len(lines) <= size[1]
        assert all(line.cell_len <= size[0] for line in lines)
