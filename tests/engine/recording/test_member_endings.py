"""What became of each member by a step, read off the rows alone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine.recording.history import History
from engine.recording.member_endings import member_endings
from tests.populations import population
from tests.tapes import header

STEPS = 20
ENDS = st.dictionaries(st.integers(0, 4), st.integers(1, STEPS), max_size=5)


@given(diverge=ENDS, held=ENDS, at=st.integers(1, STEPS))
def test_every_end_is_found_at_its_step_and_not_before(
    diverge: dict[int, int], held: dict[int, int], at: int
) -> None:
    held = {member: step for member, step in held.items() if member not in diverge}
    found = member_endings(population(5, STEPS, diverge, held), at)
    assert found is not None
    for member in range(5):
        lost = member in diverge and diverge[member] <= at
        stopped = member in held and held[member] < at
        assert found.diverged[member] == lost
        ended = diverge[member] if lost else held[member] if stopped else 0
        assert found.ended_at[member] == ended
        assert found.trains[member] == (ended == 0)


def test_a_member_without_any_gradient_is_dead_also_when_it_is_held() -> None:
    found = member_endings(population(4, held={2: 5}, dead=(0, 2)), 20)
    assert found is not None
    assert found.dead.tolist() == [True, False, True, False]


def test_the_first_living_one_is_the_first_that_did_not_diverge() -> None:
    assert member_endings(population(3, diverge={0: 3}), 20).first_living == 1  # type: ignore[union-attr]
    gone = member_endings(population(2, diverge={0: 3, 1: 4}), 20)
    assert gone is not None
    assert gone.first_living == 0


def test_before_the_first_row_nothing_is_known() -> None:
    history = History()
    assert member_endings(history, 0) is None
    history.add(header(seeds=[1, 2]))
    assert member_endings(history, 0) is None
