"""The diagnosis of a population: counted member by member, as far as there is time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from engine.diagnosis import Finding, survey, verdicts
from engine.diagnosis.population import Survey, merged
from engine.recording.history import History
from tests.populations import population
from tests.tapes import Clock

DEAD = Finding(
    rule="dead",
    severity="bad",
    step=9,
    where="layer1",
    words="Every gradient is 0.",
    advice="Try another.",
    remedy=None,
)
SLOW = replace(DEAD, rule="plateau", severity="note", words="It stands.")


def test_a_finding_is_told_once_with_how_many_have_it() -> None:
    told = merged([(SLOW,), (DEAD, SLOW), (), (DEAD,), (SLOW,)])
    assert [each.rule for each in told] == ["dead", "plateau"]
    assert told[0].members == (1, 3)
    assert told[0].words == "2 of 5 members, such as member 2: Every gradient is 0."
    assert told[1].words.startswith("3 of 5 members, such as member 1")


def test_the_evidence_is_that_of_the_worst() -> None:
    worse = replace(SLOW, severity="bad", words="It is lost.")
    (told,) = merged([(SLOW,), (worse,)])
    assert told.severity == "bad"
    assert told.words.endswith("such as member 2: It is lost.")


class Doctor:
    """A diagnosis that takes a second for each member, and finds one from a step on."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.asked: list[tuple[int, int]] = []

    def __call__(self, history: History, step: int, member: int) -> tuple[Finding, ...]:
        self.clock.now += 1
        self.asked.append((step, member))
        return (replace(DEAD, step=step),)


def test_a_round_takes_as_many_looks_as_it_needs_and_never_mixes_steps() -> None:
    clock, history = Clock(), population(4)
    doctor = Doctor(clock)
    rounds = Survey(doctor, clock)
    assert not rounds.look(history, 10, seconds=1.5)
    assert rounds.findings == ()
    # A step that comes meanwhile waits for the next round.
    assert not rounds.look(history, 11, seconds=1.5)
    assert rounds.findings[0].members == (0, 1, 2, 3)
    assert doctor.asked == [(10, 0), (10, 1), (10, 2), (10, 3)]
    assert rounds.look(history, 11, seconds=9)
    assert rounds.look(history, 11, seconds=9)
    assert len(doctor.asked) == 8


def test_an_earlier_step_begins_a_new_round() -> None:
    clock, history = Clock(), population(4)
    doctor = Doctor(clock)
    rounds = Survey(doctor, clock)
    rounds.look(history, 10, seconds=0.5)
    rounds.look(history.until(5), 5, seconds=9)
    assert [step for step, _ in doctor.asked] == [10, 5, 5, 5, 5]


def test_a_member_that_ended_is_diagnosed_at_its_last_step() -> None:
    history = population(4, diverge={1: 7}, held={2: 9})
    doctor = Doctor(Clock())
    Survey(doctor, doctor.clock).look(history, 20, seconds=99)
    assert doctor.asked == [(20, 0), (7, 1), (9, 2), (20, 3)]


def test_those_that_diverge_are_counted() -> None:
    rounds = survey()
    assert rounds.look(population(4, diverge={1: 7, 3: 9}), 20, seconds=60)
    (found,) = (each for each in rounds.findings if each.rule == "diverged")
    assert found.members == (1, 3)
    assert "at step 7" in found.words


def test_the_verdict_on_all_is_that_on_their_medians() -> None:
    shapes = {"layer1.weight": [1, 2], "layer1.bias": [1]}
    ill = population(5, parameters=shapes)
    assert verdicts(ill, 20, None)["layer1"].word == "fine"
    rows = ill.series["train"]
    for column in ("grad_norm/layer1.weight", "grad_norm/layer1.bias"):
        rows.column(column, 0)[:] = np.nan
    assert verdicts(ill, 20, None)["layer1"].word == "fine"
    for member in (1, 2, 3, 4):
        rows.column("grad_norm/layer1.weight", member)[:] = np.nan
    assert verdicts(ill, 20, None)["layer1"].word == "not finite"
