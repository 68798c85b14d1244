"""A history of which only a part is held answers everything as one that holds all of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.diagnosis import evidence, report
from engine.experiment.experiment import Experiment
from engine.presets import preset as presets
from engine.recording import pages
from engine.recording.best import best_step
from engine.recording.downsampling import UNIT
from engine.recording.events import LinePlace, Series
from engine.recording.file import Reader, read
from engine.recording.history import History
from engine.recording.improvements import improvements
from engine.recording.loading import load_history
from engine.recording.member_endings import without_diverged
from engine.recording.rows import Rows
from tests.trained import recorded
from tui.pictures.still import PLAIN, draw_still, read_watch

STEPS = 3 * UNIT + 100

POPULATION = {"seeds": 2, "vary": {"optimizer.lr": [0.05, 40.0]}}
"""Some of its members diverge, and are left out of the means from then on."""


def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have pages of as few rows as can be, and one of them held."""
    monkeypatch.setattr(pages, "PAGE_BYTES", 0)
    monkeypatch.setattr(pages, "RESIDENT_ROWS", 0)
    monkeypatch.setattr(pages, "RESIDENT_BYTES", 0)


def _shortened(name: str, **tables: Any) -> Experiment:
    experiment = presets.load(name).experiment
    said = experiment.model_dump(mode="json", exclude_none=True) | tables
    said["train"] = {**said["train"], "steps": STEPS}
    for length in ("epochs", "patience", "loss_threshold"):
        said["train"].pop(length, None)
    return Experiment.model_validate({**said, "marks": []})


SPECS = {
    "no dev set": lambda: _shortened("cubic"),
    "a dev set": lambda: _shortened("two-moons"),
    "fresh rows": lambda: _shortened("sum-of-30"),
    "minibatches": lambda: _shortened("iris"),
    "weights that run away": lambda: _shortened("forgotten-zero"),
    "a gradient that vanishes": lambda: _shortened("vanishing-sigmoid"),
    "members": lambda: _shortened("two-moons", population=POPULATION),
}


def _pictures(rows: Rows, member: Any) -> Iterator[Any]:
    """Yield what is drawn of a group: all of it, and parts of it."""
    for name in rows.columns:
        for first, last, width in ((0, STEPS, 7), (0, STEPS, 300), (700, 1300, 40), (513, 514, 9)):
            buckets = rows.buckets(name, first, last, width, member)
            yield from (buckets.steps, buckets.low, buckets.mean, buckets.high, buckets.nonfinite)
        yield rows.first_broken(name, 0, rows.count, member if member is None else 0)
        yield rows.column(name, member)


def _answers(history: History) -> Iterator[Any]:
    """Yield what is asked of a history that spans all of its rows."""
    assert history.header is not None
    members = range(history.header.members)
    for step in (history.last_step, 900, 30):
        then = history.until(step)
        endings = without_diverged(then, step)
        yield None if endings is None else endings.ended_at
        for member in members:
            yield best_step(then, member)
            yield [each.plain() for each in improvements(then, member, least=0)]
            yield [report.plain_object(each) for each in report.findings_of(then, step, member)]
        yield [each.plain() for each in improvements(then, None, after=20)]
        yield [report.plain_object(each) for each in report.findings_of(then, step)]
    for rows in history.series.values():
        yield rows.steps
        yield rows.between(510, 1030)
        yield np.concatenate([each.values for each in rows.as_series("train")], axis=1)
        yield from _pictures(rows, 0)
        if len(members) > 1:
            for member in (1, None, "low", "high"):
                yield from _pictures(rows, member)


@pytest.mark.parametrize("name", SPECS)
def test_what_is_asked_of_it_and_how_it_looks_is_the_same(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = recorded(SPECS[name](), tmp_path / "run")[0]
    # A sample that is thin enough for so short a run.
    monkeypatch.setattr(evidence, "GROUPS", 4)
    look = [line.plain for line in draw_still(read_watch(run), 120, 40, PLAIN)]
    monkeypatch.setattr(pages, "SAMPLE", 2)
    monkeypatch.setattr(pages, "SAMPLED", 4 * evidence.WINDOW)
    whole = [*_answers(History(read(run.recording)))]
    _small(monkeypatch)
    reader = Reader(run.recording)
    for part in (load_history(run.recording), History(reader.rest(), reader.again, 0)):
        for mine, theirs in zip(_answers(part), whole, strict=True):
            np.testing.assert_equal(mine, theirs)
        assert all(rows.held_rows <= 2 * UNIT for rows in part.series.values())
    monkeypatch.setattr(pages, "SAMPLED", STEPS)
    assert [line.plain for line in draw_still(read_watch(run), 120, 40, PLAIN)] == look


def test_whoever_holds_next_to_nothing_keeps_a_sample_of_a_bounded_number_of_rows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _small(monkeypatch)
    monkeypatch.setattr(pages, "SAMPLE", 2)
    monkeypatch.setattr(pages, "SAMPLED", 16)
    rows, again = Rows(["loss"], 1, lambda line: None, 0), Rows(["loss"], 1)
    for first in range(1, 30 * UNIT, 300):
        values = np.arange(first, first + 300, dtype=np.float32)[None, :, None]
        series = Series(group="train", first=first, values=values, line=LinePlace(first, 1))
        rows.add(series)
        again.add(series)
        stride = pages.sample_stride(rows.count)
        chosen = np.linspace(0, rows.count - 1, 16).astype(np.int64) // stride * stride
        np.testing.assert_array_equal(rows.across("loss", chosen), again.across("loss", chosen))
        assert rows.sampled_rows <= 4 * 16 + len(chosen)


blocks = st.lists(st.tuples(st.integers(-300, 40), st.integers(1, 700)), min_size=1, max_size=12)


@given(blocks, st.data())
def test_rows_written_again_are_read_where_they_are(
    blocks: list[tuple[int, int]], data: st.DataObject
) -> None:
    recording: dict[LinePlace, Series] = {}
    with pytest.MonkeyPatch.context() as monkeypatch:
        _small(monkeypatch)
        part, whole = Rows(["loss"], 1, recording.get, 0), Rows(["loss"], 1)
        for start, (back, count) in enumerate(blocks):
            # A run that was gone on with has rows after an earlier step once more.
            first = max(part.last_step + 1 + min(back, 0), 1) if part.count else 1
            values = np.full((1, count, 1), start, np.float32) + np.arange(count)[None, :, None]
            line = LinePlace(start, count)
            recording[line] = Series(
                group="train", first=first, values=values.astype(np.float32), line=line
            )
            for rows in (part, whole):
                rows.add(recording[line])
            first = data.draw(st.integers(0, part.last_step))
            one, other = (rows.buckets("loss", first, first + 600, 5) for rows in (part, whole))
            np.testing.assert_array_equal(one.mean, other.mean)
    np.testing.assert_array_equal(part.steps, np.arange(1, part.count + 1))
    np.testing.assert_array_equal(part.column("loss"), whole.column("loss"))


def test_rows_that_are_there_no_more_are_no_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    _small(monkeypatch)
    rows = Rows(["loss"], 1, lambda line: None, 0)
    for first in range(1, 4 * UNIT, 200):
        values = np.ones((1, 200, 1), np.float32)
        rows.add(Series(group="train", first=first, values=values, line=LinePlace(first, 1)))
    # What is kept of them says so much still; the rows themselves are gone.
    assert rows.buckets("loss", 1, rows.count, 1).high.tolist() == [1.0]
    assert np.isnan(rows.value("loss", 5))
    assert rows.value("loss", rows.count) == 1.0
