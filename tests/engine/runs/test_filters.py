"""Filters of the list of runs."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.cli import main
from engine.errors import FilterError
from engine.runs.catalogue import RunFacts
from engine.runs.filters import parse
from engine.runs.folder import RunFolder
from engine.runs.notes import NotedMark, Notes
from engine.runs.summary import Glance
from tests.runs import end, record

CONFIG = {
    "optimizer.lr": 0.2,
    "optimizer.name": "sgd",
    "data.kind": "moons",
    "model.hidden": "8,8",
    "train.seed": 102,
    "train.zero_grad": True,
}


def facts(**changes: Any) -> RunFacts:
    folder = RunFolder(Path("runs/two-moons-20261121-093000-4f1c"))
    told: dict[str, Any] = {
        "name": folder.name,
        "path": folder.path,
        "state": "ended",
        "step": 3000,
        "started": 1.0,
        "seconds": 2.5,
        "end": end(test_accuracy=0.95, dev_accuracy=[0.9, 0.5], train_loss="nan"),
    }
    notes = changes.pop("notes", Notes(name="Mein Netz", tags=("draft", "月"), pinned=True))
    return RunFacts(
        folder=folder,
        glance=Glance(**{**told, **changes}),
        notes=notes,
        title="Two Moons: 損失",
        config=CONFIG,
    )


RUNNING = facts(state="running", end=None, notes=Notes())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "two-moons",
        "MOONS",
        "netz",
        '"mein netz"',
        "損失",
        "draft",
        "cfg.optimizer.lr>=0.1",
        "cfg.optimizer.lr>=0.2",
        "cfg.optimizer.lr<=0.2",
        "cfg.optimizer.lr=2e-1",
        "cfg.optimizer.lr==0.2",
        "cfg.optimizer.lr!=0.1",
        "cfg.optimizer.name=SGD",
        "cfg.optimizer=sgd",
        "cfg.data=moons",
        "cfg.model.hidden=8,8",
        "cfg.train.zero_grad=true",
        "cfg.nothing!=3",
        "result.test_accuracy>0.9",
        "result.dev_accuracy=0.7",
        "result.dev_accuracy<0.8",
        "result.train_loss=nan",
        "state=ended",
        "state=finished",
        "state=running|ended",
        "status=finished",
        "status!=failed",
        "preset=two-moons",
        'title="two moons: 損失"',
        'name="mein netz"',
        "seed=102",
        "tag=draft",
        "tag=月",
        "pinned=true",
        "step>=3000",
        "seconds<3",
        "reason=epochs",
        "-cubic",
        "-tag=done",
        '-"two suns"',
        "-cfg.nothing>3",
        "moons draft cfg.optimizer.lr>0.1 -state=failed",
    ],
)
def test_what_holds_for_a_run_finds_it(text: str) -> None:
    assert parse(text).matches(facts())


@pytest.mark.parametrize(
    "text",
    [
        "cubic",
        "moons cubic",
        "-moons",
        "cfg.optimizer.lr>0.2",
        "cfg.optimizer.lr<0.2",
        "cfg.optimizer.lr!=0.2",
        "cfg.nothing=3",
        "cfg.nothing>3",
        "cfg.nothing<3",
        "cfg.optimizer.name>3",
        "cfg.train.zero_grad=1",
        "result.train_loss<1",
        "result.train_loss>1",
        "state=running",
        "status=failed",
        "preset=two",
        "seed=1",
        "tag!=draft",
        "-tag=draft",
    ],
)
def test_what_does_not_hold_leaves_it_out(text: str) -> None:
    assert not parse(text).matches(facts())


def test_a_run_that_goes_on_has_no_status_and_no_result() -> None:
    assert parse("state=running status!=failed").matches(RUNNING)
    assert not parse("result.test_accuracy>0").matches(RUNNING)
    assert not parse("status=finished").matches(RUNNING)


def test_text_is_found_in_notes_and_marks() -> None:
    notes = Notes(note="Overfits", marks=(NotedMark(step=3, title="The bend", note="see page 4"),))
    for text in ("overfits", "bend", '"page 4"'):
        assert parse(text).matches(facts(notes=notes))
        assert not parse(text).matches(facts())


def test_seeds_of_every_member_count() -> None:
    assert parse("seed=7").matches(facts(seeds=(6, 7)))
    assert not parse("seed=102").matches(facts(seeds=(6, 7)))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("stat=ended", r"stat=ended: nothing is called stat \(did you mean state\?\)"),
        ("lr=3", r"nothing is called lr.*cfg\.KEY.*or search for \"lr\""),
        ("cfg.=3", r"nothing is called cfg\."),
        ("state=runing", r"there is no state runing \(did you mean running\?\)"),
        ("state=", "a value must follow"),
        ("cfg.optimizer.lr>=", "a value must follow"),
        ("cfg.optimizer.lr>fast", r"> needs a number \(got 'fast'\); or use cfg.optimizer.lr=fast"),
        ('a "b c', r'"b c: the quotation mark is not closed'),
        ("a - b", "-: a term must follow at once"),
    ],
)
def test_a_filter_that_says_nothing_is_refused_with_what_would_be_right(
    text: str, words: str
) -> None:
    with pytest.raises(FilterError, match=words):
        parse(text)


def test_a_key_that_no_run_has_is_told_with_the_nearest() -> None:
    runs = [facts(), RUNNING]
    hint = parse("cfg.optimiser.lr>1").unknown(runs)
    assert hint == "no run here has cfg.optimiser.lr (did you mean cfg.optimizer.lr?)"
    assert parse("cfg.optimizer.lr>1 result.test_accuracy>2 moons").unknown(runs) == ""
    assert parse("cfg.x>1").unknown([]) == ""


@given(st.text(alphabet=st.sampled_from('ab-=<>!.|" \x1b月0cfg'), max_size=30) | st.text())
def test_any_text_is_a_filter_or_says_why_not(text: str) -> None:
    with contextlib.suppress(FilterError):
        assert parse(text).matches(facts()) in (True, False)


def listed(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[str, str]:
    """Return what the command prints."""
    with contextlib.suppress(SystemExit):
        main(["runs", *arguments])
    told = capsys.readouterr()
    return told.out, told.err


def test_the_command_lists_what_a_filter_lets_through(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for index, accuracy in enumerate((0.5, 0.9, 0.95)):
        folder = RunFolder(tmp_path / f"a-20260101-000000-000{index}")
        record(folder, end(test_accuracy=accuracy))
    Notes(name="best\x1b[31m").save(folder)
    where = ("--runs-dir", str(tmp_path))
    assert len(listed(capsys, *where)[0].splitlines()) == 4
    out, _ = listed(capsys, "state=finished", "result.test_accuracy>0.8", *where)
    assert len(out.splitlines()) == 3
    head, line = listed(capsys, "--filter", "best", *where)[0].splitlines()
    assert head.split()[:3] == ["name", "called", "state"]
    assert line.split()[:3] == ["a-20260101-000000-0002", "best\\x1b[31m", "ended"]
    out, err = listed(capsys, "--filter", "cfg.lr>1", *where)
    assert (out, err) == (
        "",
        f"none of the 3 runs in {tmp_path} is such; no run here has cfg.lr\n",
    )
    assert "did you mean state?" in listed(capsys, "stat=x", *where)[1]
