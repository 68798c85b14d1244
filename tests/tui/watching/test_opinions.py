"""The diagnosis of a race speaks of every run in it."""

from __future__ import annotations

import pytest

from engine.diagnosis import Finding
from engine.recording.history import History
from tests.tui.drawing.race.test_race import history
from tui.drawing.lists.diagnosis import Opinion, draw_findings, draw_healthy, draw_opinion
from tui.style.glyphs import BRAILLE
from tui.style.look import Look
from tui.style.palette import DARK
from tui.watching.opinions import SECONDS, Opinions
from tui.watching.view import Trace

PLAIN = DARK.without_colours()
SICK = [1e-12, 1e-9, 1e-6, 1e-3, 0.5]


def trace(known: History, run: str, version: int = 1) -> Trace:
    return Trace(history=known, run=run, title=run, version=version, step=known.last_step)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The steps at which a run was diagnosed."""
    steps: list[int] = []

    def diagnose(known: History, step: int) -> tuple[Finding, ...]:
        steps.append(step)
        return ()

    monkeypatch.setattr("engine.diagnosis.diagnose", diagnose)
    return steps


def test_every_run_beside_has_its_own_findings() -> None:
    sick, well = history(SICK, [0.5] * 40), history([0.5] * 5, [0.5, 0.4, 0.3])
    found = Opinions().of([trace(sick, "deep"), trace(well, "shallow")], None)
    assert [each.label for each in found] == ["deep", "shallow"]
    assert any(finding.rule == "vanishing" for finding in found[0].findings)
    assert not any(finding.rule == "vanishing" for finding in found[1].findings)
    lines = [line.plain for each in found for line in draw_opinion(each, 100, Look(BRAILLE, PLAIN))]
    assert any("deep: " in line and "vanish" in line for line in lines)
    assert any("shallow: " in line for line in lines)


def test_a_run_that_goes_on_is_asked_about_once_a_second(asked: list[int]) -> None:
    now = [0.0]
    opinions = Opinions(lambda: now[0])
    known = history([0.5], [0.5] * 9)
    for version in range(1, 6):
        opinions.of([trace(known, "a", version)], None)
    assert asked == [9]
    now[0] += SECONDS
    opinions.of([trace(known, "a", 9)], None)
    assert asked == [9, 9]
    # Who reads an earlier step sees it at once, and once.
    opinions.of([trace(known, "a", 9)], 4)
    opinions.of([trace(known, "a", 9)], 4)
    assert asked == [9, 9, 4]


def test_what_is_said_of_a_run_among_several_begins_with_its_name() -> None:
    finding = Finding(
        rule="plateau",
        severity="warning",
        step=3,
        where="",
        words="The loss stands still.",
        advice="",
        remedy=None,
    )
    drawn = draw_findings([finding], 0, 3, 60, Look(BRAILLE, PLAIN), "bias 0")
    assert "bias 0: The loss stands still." in drawn[0][0].plain
    healthy = [line.plain for line in draw_healthy(60, Look(BRAILLE, PLAIN), "bias 1")]
    assert "bias 1: nothing is wrong" in healthy[0]
    assert len(healthy) == 1
    several = draw_opinion(Opinion(run="p", label="p", step=1, members=8), 60, Look(BRAILLE, PLAIN))
    assert several[0].plain.startswith("p: 8 networks")
