"""The decision region as text: pure drawing, with whatever a network may say."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tui.drawing.network.region import draw_region
from tui.drawing.network.region_canvas import Points, Region
from tui.style.glyphs import ASCII, BRAILLE, GLYPHS, Glyphs
from tui.style.look import Look
from tui.style.palette import DARK, PALETTES, SIXTEEN, Palette

PLAIN = DARK.without_colours()
SIZES = [
    (1, 1),
    (3, 2),
    (8, 3),
    (14, 7),
    (38, 9),
    (44, 33),
    (58, 24),
    (20, 8),
    (40, 12),
    (80, 24),
    (100, 30),
    (200, 60),
]


def left_and_right(places):
    """Sure of class 1 where x is above 0."""
    one = (places[:, 0] > 0).astype(float)
    return np.stack([1 - one, one], axis=1)


def points(part, *places, labels):
    return Points(part=part, places=np.array(places, float), labels=np.array(labels), wrong=1)


def region(**changes) -> Region:
    given = {
        "probabilities": left_and_right,
        "classes": ("0", "1"),
        "points": (
            points("train", (-2, 2), (2, 2), labels=[0, 1]),
            points("dev", (-2, 0), (2, 0), labels=[0, 1]),
            points("test", (-2, -2), (2, -2), labels=[0, 1]),
        ),
        "facts": ("weights after step 7", "loss 0.5"),
    }
    return Region(**{**given, **changes})


def text(picture: Region, width=80, height=23, glyphs: Glyphs = BRAILLE, palette: Palette = PLAIN):
    return [line.plain for line in draw_region(picture, width, height, Look(glyphs, palette))]


@pytest.mark.parametrize("glyphs", GLYPHS, ids=lambda glyphs: glyphs.name)
@pytest.mark.parametrize(
    "palette", [DARK, PLAIN, *SIXTEEN], ids=["colours", "plain", "16 dark", "16 light"]
)
def test_it_has_exactly_the_size_that_was_asked_for(glyphs, palette) -> None:
    for size in SIZES:
        lines = draw_region(region(), *size, Look(glyphs, palette))
        assert len(lines) == size[1]
        assert {line.cell_len for line in lines} == {size[0]}


def test_it_names_the_step_and_the_axes() -> None:
    lines = text(region(names=("height", "weight")))
    assert "weights after step 7 · loss 0.5" in lines[0]
    assert "across: height" in "\n".join(lines)
    assert "up:     weight" in "\n".join(lines)
    assert "-pi" in lines[-1]
    assert " pi┤" in lines[1]


def test_without_colours_a_side_is_light_and_the_other_dark() -> None:
    canvas = [line.split("│")[1][:40] for line in text(region(points=())) if "│" in line]
    assert all(row[:20] == " " * 20 and row[20:] == "█" * 20 for row in canvas)


def test_a_class_is_a_shape_and_a_set_how_it_is_filled() -> None:
    drawn = "\n".join(line[8:48] for line in text(region())[1:21])
    assert all(drawn.count(shape) == 1 for shape in "○△◉◬●▲")


def test_in_ascii_everything_is() -> None:
    assert "".join(text(region(), glyphs=ASCII)).isascii()


def test_half_blocks_have_at_most_eleven_colours() -> None:
    def smooth(places):
        one = np.clip((places[:, 0] + math.pi) / (2 * math.pi), 0, 1)
        return np.stack([1 - one, one], axis=1)

    for palette in PALETTES:
        lines = draw_region(region(probabilities=smooth, points=()), 80, 24, Look(BRAILLE, palette))
        blocks = [
            s for line in lines for s in line.spans if set(line.plain[s.start : s.end]) == {"▀"}
        ]
        colours = {c for span in blocks for c in (span.style.color, span.style.bgcolor)}
        assert len(colours) == 11


def test_what_is_not_finite_is_marked_and_does_not_poison_the_rest() -> None:
    def broken(places):
        shares = left_and_right(places)
        shares[places[:, 1] > 0] = np.nan
        return shares

    for palette in (DARK, PLAIN):
        lines = text(region(probabilities=broken, points=()), palette=palette)
        assert "?" * 40 in lines[1]
        assert not any("?" in line for line in lines[12:])


def test_three_classes_have_three_textures() -> None:
    def thirds(places):
        return np.eye(3)[np.clip((places[:, 0] + math.pi) // (2 * math.pi / 3), 0, 2).astype(int)]

    lines = text(region(probabilities=thirds, classes=("a", "b", "c"), points=()))
    row = lines[5].split("│")[1][:40]
    assert row[2] + row[20] + row[38] == " ░▒"
    assert "the network says c" in "\n".join(lines)
    assert draw_region(
        region(probabilities=thirds, classes=("a", "b", "c"), points=()),
        80,
        24,
        Look(BRAILLE, DARK),
    )


def test_points_at_the_very_edge_and_beyond_it_are_no_trouble() -> None:
    edge = math.pi
    nasty = points(
        "test", (edge, edge), (-edge, -edge), (9, 9), (math.nan, 0), (math.inf, 0), labels=[1] * 5
    )
    drawn = "".join(line[:48] for line in text(region(points=(nasty,))))
    assert drawn.count("▲") == 2


def test_one_point_and_no_points_are_drawn() -> None:
    assert text(region(points=()))
    assert "●" in "".join(text(region(points=(points("test", (0.1, 0.1), labels=[0]),))))


def test_a_constant_network_is_one_shade() -> None:
    def undecided(places):
        return np.full((len(places), 2), 0.5)

    lines = text(region(probabilities=undecided, points=()))
    assert set(lines[5].split("│")[1][:40]) == {"▒"}


def canvas_size(width: int, height: int) -> tuple[int, int]:
    """Return columns and rows of what is drawn of a region."""
    everywhere = region(probabilities=lambda places: np.full((len(places), 2), np.nan), points=())
    rows = [line.count("?") for line in text(everywhere, width, height) if "?" in line]
    assert len(set(rows)) == 1
    return rows[0], len(rows)


@pytest.mark.parametrize("size", [(44, 33), (58, 24), (80, 24), (30, 60), (200, 60)])
def test_a_unit_is_as_long_across_as_up(size) -> None:
    columns, rows = canvas_size(*size)
    assert columns == 2 * rows


def test_where_there_is_little_room_the_region_takes_all_of_it() -> None:
    assert canvas_size(38, 9) == (38, 7)


def test_the_legend_stands_beside_the_region_or_under_it_or_in_a_line() -> None:
    beside, under, line = text(region(), 100, 30), text(region(), 44, 33), text(region(), 58, 24)
    assert any("│" in row and "train 2" in row for row in beside)
    assert not any("│" in row and "train 2" in row for row in under)
    assert any(row.startswith("○ △  train 2 · 1 wrong") for row in under)
    assert line[-1].startswith("○△ train 1  ◉◬ dev 1  ●▲ test 1 wrong  across x, up y")


@pytest.mark.parametrize("palette", SIXTEEN, ids=lambda palette: palette.name)
def test_in_sixteen_colours_each_side_has_its_field_and_points_stand_out(palette) -> None:
    lines = draw_region(region(), 44, 33, Look(BRAILLE, palette))
    styles = [span.style for line in lines[1:19] for span in line.spans]
    used = {style.bgcolor.number for style in styles if style.bgcolor is not None}
    assert used == {4, 3}
    assert all(color.number < 16 for style in styles for color in (style.color,) if color)
    points = {
        (span.style.color.number, span.style.bgcolor.number)
        for line in lines[1:19]
        for span in line.spans
        if set(line.plain[span.start : span.end]) & set("○△◉◬●▲")
    }
    assert points == {(15, 4), (0, 3)}


@pytest.mark.parametrize("size", [(44, 33), (100, 40), (30, 40)])
@pytest.mark.parametrize("palette", SIXTEEN, ids=lambda palette: palette.name)
def test_in_sixteen_colours_points_and_legend_have_the_colours_of_the_scale(palette, size) -> None:
    def unsure(places):
        return np.full((len(places), 2), [0.7, 0.3])

    # Every point of class 1 lies where the network says 0, or cannot decide.
    for probabilities in (None, unsure):
        given = {} if probabilities is None else {"probabilities": probabilities}
        lines = draw_region(region(**given), *size, Look(BRAILLE, palette))
        for line in lines:
            for span in line.spans:
                shapes = set(line.plain[span.start : span.end]) & set("○△◉◬●▲")
                if shapes and span.style.bgcolor is not None:
                    assert span.style.bgcolor.number == (4 if shapes <= set("○◉●") else 3)
                elif shapes:
                    # A line of the legend that has no room says it in words.
                    assert "train" in line.plain


def test_in_sixteen_colours_what_is_unsure_is_a_shade() -> None:
    def undecided(places):
        return np.full((len(places), 2), 0.5)

    lines = draw_region(
        region(probabilities=undecided, points=()), 44, 33, Look(BRAILLE, SIXTEEN[0])
    )
    assert "░" * 36 in lines[5].plain


@pytest.mark.parametrize("palette", [DARK, PLAIN, *SIXTEEN], ids=lambda palette: palette.name)
def test_more_classes_than_there_are_shapes_are_drawn(palette) -> None:
    many = tuple("第" + str(index) for index in range(9))

    def even(places):
        return np.full((len(places), 9), 1 / 9)

    crowd = points("train", *[(0.1 * each, 0) for each in range(9)], labels=list(range(9)))
    for glyphs in GLYPHS:
        for size in SIZES:
            shown = region(probabilities=even, classes=many, points=(crowd,))
            lines = draw_region(shown, *size, Look(glyphs, palette))
            assert {line.cell_len for line in lines} == {size[0]}
            assert len(lines) == size[1]


def test_one_class_alone_is_drawn() -> None:
    def sure(places):
        return np.ones((len(places), 1))

    lonely = region(probabilities=sure, classes=("a",), points=(points("dev", (0, 0), labels=[0]),))
    for palette in (DARK, PLAIN, *SIXTEEN):
        assert "◉" in "".join(text(lonely, palette=palette))
