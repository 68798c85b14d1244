"""What is written down of a run, and what is told."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from engine.recording.events import (
    Checkpoint,
    End,
    Event,
    Fork,
    Header,
    MarkReached,
    Request,
    Resume,
    RunWarning,
    Series,
)
from engine.recording.history import History
from tui.watching.journal import KEPT, Journal

START = 1_000_000.0
NOW = 2_000_000.0
HEADER = Header(
    run="r",
    experiment={},
    seeds=[1],
    parameters={},
    columns={"train": ["loss", "grad_norm"]},
    gradients="manual",
    device="cpu",
    time=START,
)
MARK = MarkReached(t=2.0, step=50, title="It bends", note="Five\nsigmoids.")


def history(*events: Event, header: Header = HEADER) -> History:
    known = History()
    known.extend([header, *events])
    return known


def losses(*values: float, first: int = 1) -> Series:
    column = np.array(values, np.float32)[:, None]
    return Series(group="train", first=first, values=np.stack([column, np.ones_like(column)]))


def journal(*, started: bool = True, log: str = "") -> Journal:
    made = Journal("me", clock=lambda: NOW)
    made.open("r", started=started, log=log)
    return made


def said(made: Journal) -> list[str]:
    return [entry.words for entry in made.entries[1:]]


def test_why_autograd_was_taken_is_written_down_and_not_told() -> None:
    made = journal()
    why = replace(HEADER, gradients="autograd", gradients_why="there is no formula for it")
    for _ in range(2):
        made.read(history(header=why))
    assert said(made) == ["gradients by autograd: there is no formula for it"]
    assert made.entries[-1].quiet


def test_each_event_is_an_entry_in_its_order() -> None:
    made = journal()
    made.read(
        history(
            RunWarning(t=3.0, step=60, message="the loss is large"),
            MARK,
            Request(t=1.0, id="1", viewer="me", action="set_lr", arguments={"lr": 0.25}, step=9),
            Checkpoint(t=4.0, step=70, file="checkpoints/70.pt"),
            End(t=5.0, step=80, status="finished", reason="epochs"),
        )
    )
    assert said(made) == [
        "learning rate 0.25",
        "It bends · Five sigmoids.",
        "the loss is large",
        "everything needed to go on is in checkpoints/70.pt",
        "finished: every epoch done",
    ]
    assert [entry.step for entry in made.entries[1:]] == [9, 50, 60, 70, 80]
    assert [entry.severity for entry in made.entries[1:]] == [
        "note",
        "note",
        "warning",
        "note",
        "good",
    ]
    assert made.entries[2].time == START + 2.0


def test_an_entry_is_written_once_and_told_once() -> None:
    made, known = journal(), history(MARK)
    for _ in range(3):
        made.read(known)
    assert said(made) == ["It bends · Five sigmoids."]
    assert [entry.step for entry in made.take_new()] == [50]
    assert made.take_new() == ()
    known.add(MarkReached(t=3.0, step=60, title="It is done"))
    made.read(known)
    assert [entry.words for entry in made.take_new()] == ["It is done"]


def test_what_was_old_when_a_run_was_opened_is_never_told() -> None:
    made, known = journal(started=False), history(MARK)
    made.read(known, whole=False)
    known.add(MarkReached(t=3.0, step=60, title="later in the file"))
    made.read(known, whole=True)
    assert len(said(made)) == 2
    assert made.take_new() == ()
    known.add(MarkReached(t=4.0, step=70, title="just now"))
    made.read(known)
    assert [entry.words for entry in made.take_new()] == ["just now"]


def test_a_run_that_is_opened_again_is_not_written_again() -> None:
    made = journal()
    made.read(history(MARK))
    made.open("other", started=True)
    made.read(history(MARK))
    made.open("r")
    made.read(history(MARK))
    assert said(made).count("It bends · Five sigmoids.") == 2
    assert [entry.run for entry in made.take_new()] == ["r", "other"]


def test_requests_that_were_carried_out_are_for_the_log_only() -> None:
    made = journal()
    asked = [
        Request(t=1.0, id="1", viewer="me", action="pause", step=1),
        Request(t=2.0, id="2", viewer="you@far", action="continue", step=1),
        Request(t=3.0, id="3", viewer="me", action="step", arguments={"n": 10}, step=1),
        Request(t=4.0, id="4", viewer="me", action="mark", step=1, refused="it is over"),
    ]
    made.read(history(*asked))
    assert said(made) == [
        "paused",
        "goes on · asked by you@far",
        "10 steps by hand",
        "mark was refused: it is over",
    ]
    (told,) = made.take_new()
    assert (told.words, told.severity) == ("mark was refused: it is over", "warning")


def test_steps_by_hand_in_a_row_are_one_entry() -> None:
    made = journal()
    for step in range(1, 6):
        made.read(history(Request(t=step, id=str(step), viewer="me", action="step", step=step)))
    (entry,) = made.entries[1:]
    assert entry.sentence == "step 5: one step by hand (5 times)"
    made.read(history(Request(t=9.0, id="9", viewer="me", action="continue", step=5)))
    assert said(made) == ["one step by hand", "goes on"]


def test_a_run_that_goes_on_is_told_and_may_end_and_mark_again() -> None:
    made = journal()
    first_end = End(t=3.0, step=90, status="stopped", reason="me")
    known = history(MARK, MarkReached(t=2.5, step=80, title="late"), first_end)
    made.read(known)
    made.take_new()
    # All of it between two reads: the list of marks is as long as it was.
    known.extend(
        [
            Resume(t=10.0, from_step=60, host="there", pid=1),
            MarkReached(t=11.0, step=80, title="late"),
            End(t=12.0, step=100, status="finished", reason="steps"),
        ]
    )
    made.read(known)
    assert [entry.words for entry in made.take_new()] == [
        "the run goes on from step 60 on there",
        "late",
        "finished: every step done",
    ]


def test_where_a_run_begins_it_says_how() -> None:
    fork = Fork(
        t=1.0,
        step=30,
        parent="moons",
        digest="",
        experiment={},
        changes={"optimizer.lr": 0.3},
        fresh=["all"],
        member=2,
    )
    anew = Resume(t=2.0, from_step=-1, host="h", pid=1, paused=True, anew="it had no checkpoint")
    made = journal()
    made.read(history(fork))
    assert made.take_new()[-1].sentence == (
        "step 30: branches off from member 2 of moons at step 30 with optimizer.lr 0.3; "
        "begins anew: all"
    )
    made = journal()
    made.read(history(anew))
    assert made.take_new()[-1].sentence == (
        "step 0: the run begins anew from its seed on h; it was paused there; it had no checkpoint"
    )


@pytest.mark.parametrize(
    ("status", "severity"),
    [("finished", "good"), ("stopped", "warning"), ("diverged", "bad"), ("failed", "bad")],
)
def test_an_end_is_as_bad_as_its_status(status: str, severity: str) -> None:
    made = journal()
    made.read(history(End(t=1.0, step=3, status=status, reason="why")))
    assert made.entries[-1].severity == severity
    assert made.entries[-1].words == f"{status}: why"


def test_what_failed_says_where_the_log_is() -> None:
    made = journal(log="runs/r/worker.log")
    made.read(history(End(t=1.0, step=3, status="failed", reason="out of memory")))
    made.read(history(), trouble="the worker died: Killed")
    assert said(made) == [
        "failed: out of memory; its log is runs/r/worker.log",
        "the worker died: Killed; its log is runs/r/worker.log",
    ]
    made.read(history(), trouble="the worker died: Killed")
    assert len(made.take_new()) == 2


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_the_first_number_that_is_not_finite_is_an_entry(bad: float) -> None:
    made, known = journal(), history(losses(1.0, 2.0))
    made.read(known)
    assert not said(made)
    known.add(losses(1e30, bad, bad, first=3))
    made.read(known)
    known.add(losses(bad, first=6))
    made.read(known)
    (entry,) = made.take_new()
    assert (entry.step, entry.severity) == (4, "bad")
    assert entry.words == "the loss is no finite number any more"


def test_rows_that_were_taken_back_are_looked_at_again() -> None:
    made, known = journal(), history(losses(*[1.0] * 10))
    made.read(known)
    known.add(Resume(t=1.0, from_step=5, host="h", pid=1))
    known.add(losses(math.nan, 1.0, first=6))
    made.read(known)
    assert [entry.step for entry in made.take_new() if entry.severity == "bad"] == [6]


def test_what_the_lab_says_is_told() -> None:
    made = Journal(clock=lambda: NOW)
    made.say("saved \x1b[31mas\x07 screen.svg", "good")
    (entry,) = made.take_new()
    assert made.entries == (entry,)
    assert entry.words == "saved \\x1b[31mas\\x07 screen.svg"
    assert entry.time == NOW


def test_escape_sequences_of_a_recording_are_written_out() -> None:
    made = Journal(clock=lambda: NOW)
    made.open("r\x1b[2J", started=True)
    made.read(
        history(
            MarkReached(step=1, title="\x1b]0;x\x07", note="\x9b"),
            Request(id="1", viewer="\x1b", action="\x1b", step=1),
            Request(id="2", viewer="v", action="set_lr", arguments={"lr": "\x1b"}, step=1),
            RunWarning(step=1, message="\x1b"),
            Checkpoint(step=1, file="\x1b"),
            Fork(
                step=1,
                parent="\x1b",
                digest="",
                experiment={},
                changes={"\x1b": ["\x1b"]},
                fresh=["\x1b"],
            ),
            Resume(from_step=9, host="\x1b", pid=1, anew="\x1b", otherwise=["\x1b"]),
            End(step=1, status="\x1b", reason="\x1b"),
        ),
        trouble="\x1b",
    )
    assert len(made.entries) == 10
    assert not any(mark in entry.words for entry in made.entries for mark in "\x1b\x07\x9b")


def test_the_oldest_entries_go_first() -> None:
    made = Journal(clock=lambda: NOW)
    for number in range(KEPT + 5):
        made.say(str(number))
    assert len(made.entries) == KEPT
    assert made.entries[-1].words == str(KEPT + 4)


def test_of_runs_that_the_log_no_longer_tells_of_nothing_is_kept() -> None:
    made, known = journal(), history(MARK)
    made.read(known)
    for number in range(2 * KEPT):
        made.open(f"run {number}")
        made.read(history(MARK, header=replace(HEADER, run=f"run {number}")))
    assert len(made._chronicles) <= KEPT
    made.open("r")
    made.read(known)
    assert (made.entries[-1].run, made.entries[-1].step, made.take_new()[1:]) == ("r", 50, ())


def test_before_the_header_there_is_nothing_to_read() -> None:
    made = journal()
    made.read(History())
    assert not said(made)


MEASURED = replace(HEADER, columns={"train": ["loss"], "dev": ["loss", "accuracy"]})


def measured(*accuracies: float, first: int = 1) -> Series:
    column = np.array(accuracies, np.float32)[:, None]
    return Series(group="dev", first=first, values=np.stack([1 - column, column]))


def test_each_improvement_is_written_with_the_old_value_and_the_new() -> None:
    made = journal()
    known = history(measured(0.8, 0.8, 0.8313, 0.82, 0.8375), header=MEASURED)
    made.read(known)
    made.read(known)
    assert said(made) == [
        "best dev accuracy 0.8000 at step 1",
        "best dev accuracy 0.8000 → 0.8313 at step 3",
        "best dev accuracy 0.8313 → 0.8375 at step 5",
    ]
    assert not made.take_new()
    known.add(measured(0.7, 0.9, first=6))
    known.add(End(t=9.0, step=7, status="finished", reason="steps"))
    made.read(known)
    assert said(made)[3:] == [
        "best dev accuracy 0.8375 → 0.9000 at step 7",
        "finished: every step done",
    ]


@pytest.mark.parametrize("reads", [1, 400])
def test_hundreds_of_improvements_are_a_few_entries(reads: int) -> None:
    made, each = journal(), np.linspace(0.1, 0.9, 400)
    known = history(header=MEASURED)
    for part in np.split(each, reads):
        known.add(measured(*part, first=known.last_step + 1))
        made.read(known)
    known.add(End(t=9.0, step=400, status="finished", reason="steps"))
    made.read(known)
    *told, end = said(made)
    assert len(told) <= 40
    assert end.startswith("finished")
    assert told[-1].endswith("→ 0.9000 at step 400")
    assert any(" improvements since step " in words for words in told)


def test_improvements_after_the_step_that_a_run_goes_on_from_are_told_again() -> None:
    made, known = journal(), history(measured(0.5, 0.6, 0.7), header=MEASURED)
    made.read(known)
    known.add(Resume(t=5.0, from_step=2, host="h", pid=1))
    made.read(known)
    known.add(measured(0.65, first=3))
    made.read(known)
    assert said(made)[-1] == "best dev accuracy 0.6000 → 0.6500 at step 3"
