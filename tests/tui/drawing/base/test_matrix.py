"""Weights, confusion and predictions as aligned numbers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tui.drawing.base.matrix import LayerWeights, draw_layer
from tui.drawing.network.confusion import Confusion, draw_confusion
from tui.drawing.network.predictions import Predictions, draw_predictions
from tui.style.glyphs import ASCII, BRAILLE, GLYPHS
from tui.style.look import Look
from tui.style.palette import DARK

PLAIN = DARK.without_colours()
SIZES = [(1, 1), (3, 2), (10, 4), (20, 8), (40, 12), (80, 24), (200, 60)]
RNG = np.random.default_rng(1)
WEIGHTS = {
    "small": RNG.standard_normal((5, 2)),
    "one": np.ones((1, 1)),
    "large": RNG.standard_normal((100, 100)),
    "wide": RNG.standard_normal((1, 500)),
    "nan": np.full((3, 3), np.nan),
    "mixed": np.array([[1e30, -1e-30, np.inf, -np.inf, 0.0, np.nan]]),
}


def layer(weight=WEIGHTS["small"], **changes) -> LayerWeights:
    given = {
        "name": "layer1",
        "weight": weight,
        "others": (("bias", np.zeros(len(weight))),),
        "facts": ("weights after step 7",),
    }
    return LayerWeights(**{**given, **changes})


def confusion(counts, classes=None, part="test") -> Confusion:
    counts = np.array(counts)
    names = classes or tuple(str(index) for index in range(len(counts)))
    return Confusion(counts=counts, classes=names, part=part)


def predictions(**changes) -> Predictions:
    given = {
        "part": "test",
        "input_names": tuple(f"x{index}" for index in range(8)),
        "target_names": ("sum",),
        "inputs": RNG.standard_normal((50, 8)),
        "said": np.full((50, 1), 2.5),
        "targets": np.full((50, 1), 2.0),
    }
    return Predictions(**{**given, **changes})


def text(draw, shown, width=80, height=24, glyphs=BRAILLE):
    return [line.plain for line in draw(shown, width, height, Look(glyphs, PLAIN))]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("glyphs", GLYPHS, ids=lambda glyphs: glyphs.name)
def test_nothing_is_larger_than_was_asked_for(size, glyphs) -> None:
    drawn = [draw_layer(layer(weight), *size, Look(glyphs, DARK)) for weight in WEIGHTS.values()]
    for size_of in (2, 10, 100):
        counts = np.full((size_of, size_of), 12345)
        drawn.append(draw_confusion(confusion(counts), *size, Look(glyphs, DARK)))
    for said in (np.full((50, 1), np.nan), np.full((50, 1), np.inf), np.full((50, 1), 1e30)):
        drawn.append(draw_predictions(predictions(said=said), *size, Look(glyphs, PLAIN)))
    for lines in drawn:
        assert len(lines) <= size[1]
        assert {line.cell_len for line in lines} <= {size[0]}
        assert glyphs is not ASCII or all(line.plain.isascii() for line in lines)


def test_a_small_layer_is_shown_whole() -> None:
    lines = text(draw_layer, layer(np.array([[0.25, -1.5], [3.0, 0.0]]), inputs=("x", "y")))
    assert "layer1 · 2x2 · weights after step 7" in lines[0]
    assert lines[1].split() == ["x", "y", "│", "bias"]
    assert lines[2].split() == ["1", "0.2500", "-1.5000", "│", "0"]
    assert lines[3].split() == ["2", "3.0000", "0", "│", "0"]
    assert len(lines) == 4


def test_columns_are_aligned() -> None:
    lines = text(draw_layer, layer())
    assert len({line.index("│") for line in lines[1:]}) == 1


def test_of_a_large_layer_the_middle_is_left_out() -> None:
    lines = text(draw_layer, layer(WEIGHTS["large"]))
    assert len(lines) == 24
    units = [line.split()[0] for line in lines[2:]]
    assert units[0] == "1"
    assert units[-1] == "100"
    assert "…" in units
    heading = lines[1].split()
    assert heading[0] == "1"
    assert heading[heading.index("│") - 1] == "100"
    assert "…" in heading


@pytest.mark.parametrize("width", range(24, 80))
def test_the_last_column_is_whole_however_wide_those_before_it_are(width) -> None:
    weight = np.tile([0.5] * 10 + [-1e-12] * 10, (4, 1)) * np.arange(1, 5)[:, None]
    lines = text(draw_layer, layer(weight, others=(("bias", np.full(4, -0.1234)),)), width)
    assert all(line.rstrip().endswith(("bias", "-0.1234")) for line in lines[1:])


def test_rows_that_are_copies_are_said_to_be() -> None:
    same = text(draw_layer, layer(np.tile([0.5, -0.25], (5, 1))))
    assert "the 5 rows are equal" in same[-1]
    assert "the 5 rows are all 0" in text(draw_layer, layer(np.zeros((5, 2))))[-1]
    assert not any("rows are" in line for line in text(draw_layer, layer()))


def test_one_unit_is_no_copy_of_anything() -> None:
    assert not any("rows are" in line for line in text(draw_layer, layer(np.zeros((1, 2)))))


def test_the_confusion_matrix_has_counts_and_shares() -> None:
    lines = text(draw_confusion, confusion([[8, 2], [0, 10]], ("cat", "dog")))
    assert "of the test set" in lines[0]
    assert "accuracy 0.9000 (18 of 20 test rows)" in lines[1]
    assert lines[2].split() == ["cat", "dog", "right"]
    assert lines[3].split() == ["cat", "8", "2", "80.0%"]
    assert lines[4].split() == ["dog", "·", "10", "100.0%"]


def test_a_class_without_rows_has_no_share() -> None:
    lines = text(draw_confusion, confusion([[0, 0], [1, 3]]))
    assert lines[3].split()[-1] == "none"
    assert "accuracy none" in text(draw_confusion, confusion([[0, 0], [0, 0]]))[1]


def test_predictions_have_inputs_answer_target_and_error() -> None:
    lines = text(draw_predictions, predictions())
    assert lines[1].split() == ["x0", "x1", "x2", "x3", "x4", "…", "prediction", "target", "error"]
    assert lines[2].split()[-3:] == ["2.500", "2.000", "0.5000"]
    assert "21 of 50 test rows" in lines[-1]
    assert "root mean square error 0.5000, largest 0.5000" in lines[-1]


def test_where_there_is_no_room_the_answer_stays() -> None:
    lines = text(draw_predictions, predictions(), width=22)
    assert lines[1].split() == ["prediction", "target"]


def test_several_targets_are_grouped() -> None:
    shown = predictions(
        target_names=("sine", "cosine"), said=np.ones((50, 2)), targets=np.zeros((50, 2))
    )
    lines = text(draw_predictions, shown, width=120)
    assert lines[1].split() == ["sine", "cosine"]
    assert lines[2].split()[-6:] == ["prediction", "target", "error"] * 2


def test_a_wrong_class_says_so() -> None:
    shown = predictions(
        target_names=("cat", "dog"),
        said=np.tile([0.25, 0.75], (50, 1)),
        targets=np.array([0] * 25 + [1] * 25),
        classes=np.ones(50, np.int64),
    )
    lines = text(draw_predictions, shown, height=53)
    assert lines[2].split()[-4:] == ["dog", "75.0%", "cat", "wrong"]
    assert lines[-2].split()[-3:] == ["dog", "75.0%", "dog"]
    assert "25 wrong, 50.00% right" in lines[-1]
    for width in range(24, 90, 3):
        for kept in (shown, replace(shown, keeps_test="only at the result")):
            sums = text(draw_predictions, kept, width=width, height=9)[-1]
            # However little room there is, a share says of which rows it is.
            assert "50.00% right" in sums
            assert "test rows" in sums
    narrow = text(draw_predictions, replace(shown, keeps_test="only so"), width=42, height=9)
    assert "25 wrong, 50.00% right" in narrow[-1]


def test_one_row_and_none_are_shown() -> None:
    one = predictions(inputs=np.ones((1, 8)), said=np.ones((1, 1)), targets=np.ones((1, 1)))
    assert "1 test row;" in text(draw_predictions, one)[-1]
    none = predictions(inputs=np.ones((0, 8)), said=np.ones((0, 1)), targets=np.ones((0, 1)))
    assert text(draw_predictions, none)


def test_in_a_narrow_pane_every_class_still_has_its_column() -> None:
    ten = confusion(np.eye(10, dtype=int) * 25)
    lines = [line.plain for line in draw_confusion(ten, 44, 14, Look(BRAILLE, PLAIN))]
    assert lines[2].split() == [*map(str, range(10)), "right"]
    assert lines[3].split()[:2] == ["0", "25"]
    assert "…" not in "".join(lines[2:])


def test_what_has_no_room_for_all_its_words_has_fewer() -> None:
    ten = confusion(np.eye(10, dtype=int) * 25)
    wide, narrow = (
        draw_confusion(ten, width, 14, Look(BRAILLE, PLAIN))[1].plain.rstrip() for width in (90, 40)
    )
    assert wide.endswith("rows: true class, columns: said")
    assert narrow == "accuracy 1.000 (250 of 250 test rows)"
    said = [
        draw_predictions(predictions(), width, 14, Look(BRAILLE, PLAIN))[-1].plain.rstrip()
        for width in (90, 60, 40)
    ]
    assert said[0].endswith("root mean square error 0.5000, largest 0.5000")
    assert said[1].endswith("rms error 0.5000, largest 0.5000")
    assert said[2].endswith("rms error 0.5000")
