"""The data's preview as text: what a preset draws, at any size and with nasty rows."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from engine.data.preprocessing import RawColumn
from engine.presets import preset as presets
from tui.drawing.setup.preview import draw_preview
from tui.drawing.setup.preview_data import Preview, gather_preview
from tui.style.glyphs import ASCII, BRAILLE, GLYPHS
from tui.style.look import Look
from tui.style.palette import DARK, PALETTES

PLAIN = DARK.without_colours()
SIZES = [(1, 1), (2, 9), (9, 2), (20, 5), (40, 6), (46, 14), (80, 24), (200, 60)]
NAMES = ("two-moons", "function-set", "cubic", "iris", "digits", "sum-of-30", "exploding")


def of(name: str, *changes: str) -> Preview:
    return gather_preview(presets.load(name, changes).experiment)


def columns_of(*names: str) -> tuple[RawColumn, ...]:
    return tuple(RawColumn(name=name) for name in names)


def plane(**changes) -> Preview:
    given = {
        "inputs": np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]),
        "targets": np.array([0, 1, 1, 0]),
        "columns": columns_of("x", "y"),
        "target_names": ("0", "1"),
        "classes": True,
        "sizes": (4, 0, 0),
    }
    return Preview(**{**given, **changes})


def text(preview: Preview, width=46, height=14, glyphs=BRAILLE, palette=PLAIN) -> list[str]:
    return [line.plain for line in draw_preview(preview, width, height, Look(glyphs, palette))]


@pytest.fixture(scope="module")
def previews() -> dict[str, Preview]:
    return {name: of(name) for name in NAMES}


@pytest.mark.parametrize("glyphs", GLYPHS, ids=lambda glyphs: glyphs.name)
@pytest.mark.parametrize("name", NAMES)
def test_it_has_exactly_the_size_that_was_asked_for(name, glyphs, previews) -> None:
    for size, palette in itertools.product(SIZES, (*PALETTES, PLAIN)):
        lines = draw_preview(previews[name], *size, Look(glyphs, palette))
        assert len(lines) == size[1]
        assert {line.cell_len for line in lines} == {size[0]}


@pytest.mark.parametrize("name", NAMES)
def test_in_ascii_everything_is(name, previews) -> None:
    assert "".join(text(previews[name], glyphs=ASCII)).isascii()


def test_it_says_how_many_rows_there_are_and_how_they_are_parted(previews) -> None:
    line = text(previews["two-moons"], width=80)[0].rstrip()
    assert line == "1 000 rows · 640 train · 160 dev · 200 test · 2 inputs · 2 classes"
    assert text(previews["sum-of-30"])[0].startswith("fresh rows · 30 inputs · 1 target")


def test_a_class_is_a_shape() -> None:
    lines = text(plane(), 10, 4)
    assert lines[1] == "▲        ●"
    assert lines[3] == "●        ▲"


def test_a_cell_shows_the_class_that_most_of_its_points_are_of() -> None:
    crowd = plane(
        inputs=np.array([[0.0, 0.0], [0.0, 0.0], [0.0, 0.0], [1.0, 1.0]]),
        targets=np.array([1, 0, 0, 1]),
    )
    assert text(crowd, 10, 4)[3] == "●" + " " * 9


def test_the_upper_moon_lies_over_the_lower_one(previews) -> None:
    rows = text(previews["two-moons"], 20, 5)[1:]
    assert set(rows[0].strip()) == {"●"}
    assert set(rows[-1].strip()) == {"▲"}


def test_functions_are_curves_that_are_named(previews) -> None:
    lines = text(previews["function-set"])
    assert "○ x * exp(x)  △ exp(x)  □ x**2" in lines[1]
    assert any("\u2801" <= character <= "\u28ff" for character in "".join(lines))


def test_a_noisy_function_shows_its_points_beside_the_curve(previews) -> None:
    assert "".join(text(previews["cubic"])[2:]).count("○") > 10
    assert "".join(text(of("cubic", "data.noise=0"))[2:]).count("○") < 10


def test_other_data_is_a_table_of_its_first_rows(previews) -> None:
    lines = text(previews["iris"], 60)
    assert lines[2].split() == ["1", "5.1", "3.5", "1.4", "0.2", "│", "setosa"]
    assert "versicolor" in "".join(lines[-3:])
    assert "33.3%" in lines[-1]


def test_numbers_to_be_learned_have_their_spread_under_the_table(previews) -> None:
    assert text(previews["sum-of-30"])[-1].startswith("sum ")
    assert "█" in text(previews["sum-of-30"])[-1]


def test_ten_million_rows_are_as_quick_as_a_thousand() -> None:
    preview = of("two-moons", "data.samples=10000000", "data.split=[1000000]")
    assert len(preview.inputs) < 3000
    assert "10 000 000 rows" not in text(preview)[0]
    assert text(preview)[0].startswith("1 000 000 rows")


def test_a_table_says_the_first_rows_of_many(tmp_path) -> None:
    path = tmp_path / "many.csv"
    path.write_text("a,b,c\n" + "".join(f"{row},{row},{row}\n" for row in range(9000)))
    preview = of("sum-of-30", "data=" + _file(path))
    rows = [line.split() for line in text(preview, height=24)[2:12]]
    assert [int(row[1]) for row in rows] == list(range(10))


def test_a_table_shows_cells_as_the_file_has_them(tmp_path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("age,job,y\n" + "20,nurse,a\n,clerk,b\n" * 5)
    job = '{kind="category", values=["nurse"]}'
    columns = f'columns={{age={{missing="mean"}}, job={job}}}'
    preview = of(
        "iris", f'data={{kind="file", path="{path}", task="classes", split=[6, 4], {columns}}}'
    )
    rows = [line.split() for line in text(preview, 60)[1:4]]
    assert rows[0] == ["age", "job", "│", "class"]
    assert rows[1] == ["1", "20", "nurse", "│", "a"]
    assert rows[2] == ["2", "(missin…", "(rest)", "│", "b"]


def _file(path) -> str:
    return f'{{kind="file", path="{path}", task="numbers"}}'


def test_nothing_and_what_is_not_finite_do_no_harm() -> None:
    nasty = np.array([[np.nan, 0.0], [np.inf, 1.0], [-np.inf, 2.0], [1e30, 1.0]])
    for inputs in (nasty, nasty[:1], nasty[3:], np.empty((0, 2))):
        labels = np.zeros(len(inputs), int)
        assert len(text(plane(inputs=inputs, targets=labels))) == 14
        numbers = plane(inputs=inputs, targets=inputs, classes=False, target_names=("a", "b"))
        assert len(text(numbers)) == 14
        one = plane(
            inputs=inputs[:, :1],
            targets=inputs[:, :1],
            columns=columns_of("x"),
            classes=False,
            target_names=("a",),
        )
        assert len(text(one)) == 14


def test_one_class_one_row_and_one_value_are_drawn() -> None:
    lonely = plane(inputs=np.zeros((1, 2)), targets=np.zeros(1, int), target_names=("a",))
    assert "●" in "".join(text(lonely)[2:])


def test_names_in_chinese_and_escape_sequences_stay_in_their_place() -> None:
    named = plane(
        inputs=np.zeros((4, 3)),
        columns=columns_of("宽度宽度宽度", "b", "c"),
        target_names=("月亮", "太阳"),
    )
    for width in range(1, 60):
        assert {line.cell_len for line in draw_preview(named, width, 12, Look(BRAILLE, DARK))} == {
            width
        }
    experiment = presets.load("cubic", ['data.targets=["x"]']).experiment
    assert "\x1b" not in "".join(text(gather_preview(experiment)))
