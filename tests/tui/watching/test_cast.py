from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.runs.folder import RunFolder
from tests.labs import FakeRun
from tui.watching.cast import MOST, Cast


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[list[FakeRun]]:
    made = [FakeRun(tmp_path / "runs").begin() for _ in range(MOST + 2)]
    for run in made:
        run.train([0.5, 0.4])
    yield made
    for run in made:
        run.close()


def folders(runs: list[FakeRun]) -> list[RunFolder]:
    return [run.folder for run in runs]


def test_the_run_before_can_stay_beside_the_new_one(runs: list[FakeRun]) -> None:
    cast, (first, second, *_) = Cast(), folders(runs)
    cast.show(first)
    cast.show(second, beside=True)
    cast.poll()
    assert cast.lead is not None
    assert cast.lead.folder == second
    assert [trace.run for trace in cast.traces()] == [first.name]
    assert cast.traces()[0].step == 2


def test_without_being_asked_to_it_goes(runs: list[FakeRun]) -> None:
    cast, (first, second, *_) = Cast(), folders(runs)
    cast.show(first)
    cast.show(second)
    assert cast.others == []
    assert cast.before() == first


def test_colours_stay_with_their_runs(runs: list[FakeRun]) -> None:
    cast, (first, second, third, *_) = Cast(), folders(runs)
    cast.show(first)
    cast.show(second, beside=True)
    cast.toggle(third)
    cast.poll()
    before = {trace.run: trace.slot for trace in cast.traces()} | {second.name: cast.slot}
    assert sorted(before.values()) == [0, 1, 2]
    cast.toggle(first)
    cast.poll()
    after = {trace.run: trace.slot for trace in cast.traces()} | {second.name: cast.slot}
    assert after == {name: slot for name, slot in before.items() if name != first.name}


def test_a_free_colour_is_given_again(runs: list[FakeRun]) -> None:
    cast, (first, second, third, *_) = Cast(), folders(runs)
    cast.show(first)
    cast.toggle(second)
    assert not cast.toggle(second)
    assert cast.toggle(third)
    cast.poll()
    assert [trace.slot for trace in cast.traces()] == [1]


def test_toggling_twice_leaves_things_as_they_were(runs: list[FakeRun]) -> None:
    cast, (first, second, *_) = Cast(), folders(runs)
    cast.show(first)
    assert cast.toggle(second)
    assert not cast.toggle(second)
    assert cast.others == []
    assert not cast.toggle(first)


def test_showing_one_from_beside_swaps_it(runs: list[FakeRun]) -> None:
    cast, (first, second, *_) = Cast(), folders(runs)
    cast.show(first)
    cast.toggle(second)
    cast.poll()
    watch = cast.others[0]
    assert cast.show(second, beside=True) is watch
    assert [other.folder for other in cast.others] == [first]


def test_there_are_no_more_than_there_are_colours(runs: list[FakeRun]) -> None:
    cast, all_of_them = Cast(), folders(runs)
    cast.show(all_of_them[0])
    for folder in all_of_them[1:]:
        cast.toggle(folder)
    cast.poll()
    assert len(cast.others) == MOST - 1
    slots = [trace.slot for trace in cast.traces()]
    assert len({*slots, cast.slot}) == MOST


def test_a_run_that_is_deleted_leaves_the_screen(runs: list[FakeRun]) -> None:
    cast, (first, second, *_) = Cast(), folders(runs)
    cast.show(first)
    cast.toggle(second)
    cast.drop(second)
    assert cast.others == []
    cast.drop(first)
    assert cast.lead is None


def test_a_million_rows_do_not_hold_up_the_others(runs: list[FakeRun]) -> None:
    cast, (first, second, *_) = Cast(), folders(runs)
    lead = cast.show(first)
    cast.toggle(second)
    lead.poll = lambda: setattr(lead, "behind", True)  # type: ignore[method-assign]
    cast.poll()
    assert cast.others[0].history.header is not None
    assert cast.behind
