"""The activation that is chosen, beside its setting."""

from __future__ import annotations

import pytest

from engine.components.activations import ACTIVATIONS
from tui.drawing.setup.activation import draw_activations, known_activations
from tui.style.glyphs import ASCII, GLYPHS
from tui.style.look import Look
from tui.style.palette import DARK


@pytest.mark.parametrize("size", [(1, 1), (10, 3), (31, 12), (48, 20), (120, 40)])
@pytest.mark.parametrize("glyphs", GLYPHS, ids=lambda glyphs: glyphs.name)
def test_it_has_exactly_its_size(size, glyphs) -> None:
    look = Look(glyphs, DARK)
    for names in ([], *([name] for name in ACTIVATIONS), ["relu", "sigmoid", "softmax"]):
        lines = draw_activations(names, *size, look)
        assert len(lines) == size[1]
        assert {line.cell_len for line in lines} == {size[0]}
        if glyphs is ASCII:
            assert all(line.plain.isascii() for line in lines)


def test_of_several_each_has_its_curve() -> None:
    drawn = [line.plain for line in draw_activations(["relu", "gelu"], 60, 24, Look())]
    assert drawn[0].strip() == "relu"
    assert drawn[12].strip() == "gelu"
    assert ["▼" in line for line in drawn].count(True) == 2


def test_a_setting_names_each_of_its_activations_once() -> None:
    assert known_activations("relu, sigmoid, relu") == ("relu", "sigmoid")
    assert known_activations("rel") == ()
