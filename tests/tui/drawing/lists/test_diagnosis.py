"""The findings as they are written: whole sentences, at every width."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from engine.diagnosis import Finding, Remedy
from tui.drawing.lists.diagnosis import (
    WAITING,
    draw_findings,
    draw_healthy,
    first_choice,
)
from tui.style.glyphs import ASCII, BRAILLE, GLYPHS
from tui.style.look import Look
from tui.style.palette import DARK
from tui.style.text import Lines

PLAIN = DARK.without_colours()
VANISHING = Finding(
    rule="vanishing",
    severity="bad",
    step=512,
    where="layer1",
    words="Layer 1's gradient is 4e-6 of layer 5's: vanishing.",
    advice="Try ReLU with He initialisation.",
    remedy=Remedy(label="ReLU with He initialisation", changes=("model.activation=relu",)),
)
OVERFITTING = replace(
    VANISHING,
    rule="overfitting",
    severity="warning",
    where="",
    words="The dev loss has risen for 300 steps while the train loss fell.",
    advice="More data would help.",
    remedy=None,
)


def drawn(*findings: Finding, chosen: int = 0, at: int = 512, width: int = 70) -> list[str]:
    blocks = draw_findings(findings, chosen, at, width, Look(BRAILLE, DARK))
    return [line.plain.rstrip() for block in blocks for line in block]


def text(lines: list[str]) -> str:
    return " ".join(" ".join(lines).split())


def test_a_finding_is_its_evidence_and_what_to_press() -> None:
    assert drawn(VANISHING) == [
        "✗ Layer 1's gradient is 4e-6 of layer 5's: vanishing.",
        "  Try ReLU with He initialisation: press F.",
    ]


def test_only_the_chosen_one_is_followed_by_the_key() -> None:
    other = replace(VANISHING, rule="still", words="Layer 2 stands still.")
    lines = drawn(VANISHING, other, chosen=1)
    assert lines == [
        " ✗ Layer 1's gradient is 4e-6 of layer 5's: vanishing.",
        "   Try ReLU with He initialisation.",
        "›✗ Layer 2 stands still.",
        "   Try ReLU with He initialisation: press F.",
    ]


def test_where_nothing_can_be_changed_no_key_is_named() -> None:
    assert "press" not in text(drawn(OVERFITTING))
    assert "More data would help." in text(drawn(OVERFITTING))


def test_without_advice_the_remedy_is_named() -> None:
    lines = drawn(replace(VANISHING, advice=""))
    assert lines[1] == "  Try ReLU with He initialisation: press F."
    assert len(drawn(replace(OVERFITTING, advice=""))) == 1


@pytest.mark.parametrize(
    ("advice", "written"),
    [
        ("Try lr 0.5; more data helps, too.", "Try lr 0.5: press F; more data helps, too."),
        ("Try lr 0.5. More data helps.", "Try lr 0.5: press F. More data helps."),
        ("Try lr 0.5", "Try lr 0.5: press F."),
    ],
)
def test_the_key_stands_by_what_it_does(advice: str, written: str) -> None:
    assert drawn(replace(VANISHING, advice=advice))[1].strip() == written


def test_evidence_of_another_step_says_so() -> None:
    assert "(step 512)" not in text(drawn(VANISHING))
    assert "vanishing. (step 512)" in text(drawn(VANISHING, at=700))


def test_the_worst_with_a_remedy_is_chosen_first() -> None:
    assert first_choice([OVERFITTING, VANISHING]) == 1
    assert first_choice([OVERFITTING]) == 0
    assert first_choice([]) == 0


def test_severities_differ_without_colours() -> None:
    for glyphs in GLYPHS:
        firsts = {
            draw_findings([replace(VANISHING, severity=each)], 0, 512, 70, Look(glyphs, PLAIN))[0][
                0
            ].plain[0]
            for each in ("note", "warning", "bad")
        }
        assert len(firsts) == 3


def test_the_key_is_never_broken_and_stands_out() -> None:
    for width in range(20, 60):
        lines = draw_findings([VANISHING], 0, 512, width, Look(BRAILLE, DARK))[0]
        (line,) = [line for line in lines if "press F." in line.plain]
        start = line.plain.index("press F")
        bold = [span for span in line.spans if span.style == DARK.style("train", bold=True)]
        assert [(span.start, span.end) for span in bold] == [(start, start + len("press F"))]


def test_every_line_is_as_wide_as_asked() -> None:
    wild = replace(
        VANISHING,
        words="Die Schicht \x1b[31m编码器编码器编码器\x07 " + "x" * 300,
        advice="再试\x9b一次。",
    )
    for width, glyphs in itertools.product([*range(1, 80), 200], GLYPHS):
        lines: Lines = [
            *draw_healthy(width, Look(glyphs, DARK)),
            *Look(glyphs, DARK).muted(WAITING, width),
        ]
        for block in draw_findings([wild, OVERFITTING], 0, 7, width, Look(glyphs, DARK)):
            lines += block
        assert {line.cell_len for line in lines} == {width}
        assert not any(character in line.plain for line in lines for character in "\x1b\x07\x9b")


def test_nothing_wrong_says_what_was_looked_for() -> None:
    words = " ".join(" ".join(line.plain for line in draw_healthy(60, Look(BRAILLE, DARK))).split())
    assert words.startswith("✓ Nothing is wrong that the lab knows how to see.")
    for rule in ("vanish", "explode", "dead", "saturated", "overfitting"):
        assert rule in words


def test_in_ascii_everything_is() -> None:
    lines = [*draw_healthy(60, Look(ASCII, PLAIN)), *Look(ASCII, PLAIN).muted(WAITING, 60)]
    lines += draw_findings([VANISHING, OVERFITTING], 1, 3, 60, Look(ASCII, PLAIN))[0]
    assert all(line.plain.isascii() for line in lines)
