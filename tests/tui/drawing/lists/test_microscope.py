"""One update taken apart, as lines."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.components.activation_rules import ActivationRule
from engine.components.activations import ACTIVATIONS
from engine.components.losses import LOSSES
from engine.inspection.dissection import DissectedQuantity, Dissection
from tui.drawing.lists.microscope import draw_dissection, written
from tui.style.glyphs import ASCII, BRAILLE, Glyphs
from tui.style.look import Look
from tui.style.palette import DARK
from tui.style.text import Lines

Z = DissectedQuantity(
    symbol="z1",
    way="forward",
    layer=1,
    formula="z1 = W1 x + b1",
    axes=("row", "unit"),
    shape=(100, 2),
    values=((0.25, -1.5), (2.0, 0.0)),
    workings=(("0.5·0.25 + 0.125", "-1·1 + -0.5"), ("1·1 + 1", "0·0 + 0")),
)
D = replace(
    Z,
    symbol="dz1",
    way="backward",
    formula="dz1 = dy (1 - y²)",
    autograd=((0.25, -1.5), (2.0, 0.125)),
)
G = DissectedQuantity(
    symbol="gW1",
    name="layer1.weight",
    way="backward",
    layer=1,
    formula="gW1 = dz1ᵀ x",
    axes=("unit", "input"),
    shape=(2, 12),
    values=((0.5, -0.25), (0.0, 4.0)),
    workings=(("0.1·5", "0.1·-2.5"), ("0·1 + …", "2·2")),
    autograd=((0.5, -0.25), (0.0, 4.0)),
    before=((1.0, 2.0), (3.0, 4.0)),
    after=((0.95, 2.025), (3.0, 3.6)),
)
LOSS = DissectedQuantity(
    symbol="loss",
    way="forward",
    layer=2,
    formula="loss = (1 + 3) / 2 = 2, of each: (y - t)²",
    axes=("row", "output"),
    shape=(2, 1),
    values=((1.0,), (3.0,)),
    workings=(("(1 - 0)²",), ("(3 - 0)²",)),
)
FOUND = Dissection(
    step=12,
    rows=100,
    loss=2.0,
    lr=0.1,
    optimizer="sgd",
    plain=True,
    origin="computed",
    difference=0.0,
    quantities=(Z, LOSS, D, G),
)


def drawn(
    chosen: int,
    place: tuple[int, int] = (0, 0),
    found: Dissection = FOUND,
    width: int = 76,
    glyphs: Glyphs = BRAILLE,
) -> list[str]:
    blocks = draw_dissection(found, chosen, place, width, Look(glyphs, DARK))
    assert len(blocks) == len(found.quantities)
    return [line.plain.rstrip() for line in _all(blocks)]


def _all(blocks: list[Lines]) -> Lines:
    return [line for block in blocks for line in block]


def test_every_quantity_has_its_formula_and_first_numbers_under_its_part() -> None:
    lines = drawn(3)
    assert lines[0] == "Layer 1, forward"
    assert lines[1].split() == ["z1", "=", "W1", "x", "+", "b1", "0.2500", "-1.500"]
    assert [line for line in lines if line and line[0] != " " and line[0] != "›"] == [
        "Layer 1, forward",
        "Loss",
        "Layer 1, back",
    ]


def test_the_chosen_gradient_is_worked_out_and_the_parameter_updated() -> None:
    lines = drawn(3, (1, 1))
    opened = lines[lines.index("› gW1 = dz1ᵀ x  layer1.weight, 2 × 12") :]
    assert opened[1].split() == ["unit", "input", "1", "2"]
    assert opened[3].split() == ["2", "0", "›4.000"]
    assert opened[4].strip() == "… 10 more inputs"
    assert opened[5].strip() == "gW1[2,2] = 2·2 = 4.0000"
    assert opened[6].strip() == "✓ autograd: 4.0000; no difference"
    assert opened[7].strip() == "layer1.weight[2,2]: 4.0000000 - 0.1·4.000 = 3.6000000"


def test_a_difference_from_autograd_is_shown_for_what_it_is() -> None:
    assert any(line.strip() == "✓ autograd: 0.25000; no difference" for line in drawn(2))
    wrong = next(line for line in drawn(2, (1, 1)) if "autograd" in line)
    assert wrong.strip() == "✗ autograd: 0.12500; difference 1e-1"


def test_an_update_by_an_optimizer_that_remembers_is_only_shown() -> None:
    adam = replace(FOUND, optimizer="adam", plain=False, origin="recorded")
    assert any(line.strip() == "layer1.weight[1,1]: 1.0000000 → 0.95000000, by adam"
               for line in drawn(3, found=adam))  # fmt: skip
    unknown = replace(adam, origin="", quantities=(Z, replace(G, after=())))
    text = " ".join(" ".join(drawn(1, found=unknown)).split())
    assert "1.0000000 before; adam remembers earlier steps" in text


def test_ascii_is_ascii() -> None:
    for chosen in range(4):
        text = "\n".join(drawn(chosen, glyphs=ASCII))
        assert text.isascii(), text


@pytest.mark.parametrize("width", [1, 2, 10, 30, 42, 80, 200])
def test_lines_have_the_width_there_is(width: int) -> None:
    for chosen in range(4):
        for glyphs in (BRAILLE, ASCII):
            for block in draw_dissection(FOUND, chosen, (1, 0), width, Look(glyphs, DARK)):
                assert all(line.cell_len == width for line in block)


def test_columns_around_the_chosen_number_are_shown_where_not_all_fit() -> None:
    wide = replace(
        G,
        values=(tuple(map(float, range(1, 9))),),
        workings=(tuple("abcdefgh"),),
        autograd=(),
        before=(),
        after=(),
        shape=(1, 8),
    )
    lines = drawn(0, (0, 7), replace(FOUND, quantities=(wide,)), width=42)
    row = next(line for line in lines if "›8.000" in line)
    assert "7.000" in row
    assert "1.000" not in row
    assert "inputs 6 to 8 of 8 shown" in "\n".join(lines)


def test_what_every_activation_and_loss_is_written_with_has_ascii() -> None:
    texts = [text for loss in LOSSES.values() for text in (loss.each, loss.slope)]
    for entry in ACTIVATIONS.values():
        rule = entry.rule
        texts += [rule.slope_text()] if isinstance(rule, ActivationRule) else [rule.slope]
    assert [text for text in texts if not written(text, ASCII).isascii()] == []
