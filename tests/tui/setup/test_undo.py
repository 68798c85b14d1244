"""Undo and redo: every change of the setup, one by one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tui.setup.draft import Draft
from tui.setup.undo import MOST, Undo

START = Draft.load("two-moons")


@given(st.lists(st.sampled_from(["0.1", "0.2", "0.3"]), max_size=8), st.data())
def test_undo_and_redo_go_through_the_same_drafts(rates: list[str], data: st.DataObject) -> None:
    undo, drafts = Undo(), [START]
    for rate in rates:
        changed = drafts[-1].with_text("optimizer.lr", rate)
        undo.note(drafts[-1], changed)
        if changed.tables != drafts[-1].tables:
            drafts.append(changed)
    place = len(drafts) - 1
    for back in data.draw(st.lists(st.booleans(), max_size=12)):
        here = undo.undone(drafts[place]) if back else undo.redone(drafts[place])
        place = max(place - 1, 0) if back else min(place + 1, len(drafts) - 1)
        assert here is drafts[place]


def test_letters_of_one_field_are_one_change_until_something_else_changes() -> None:
    undo, draft = Undo(), START
    for key, text in (("optimizer.lr", "0.4"), ("optimizer.lr", "0.45"), ("train.seed", "7")):
        changed = draft.with_text(key, text)
        undo.note(draft, changed, key)
        draft = changed
    draft = undo.undone(draft)
    assert (draft.text("optimizer.lr"), draft.text("train.seed")) == ("0.45", "102")
    assert undo.undone(draft) is START
    assert undo.trail(START).past == []


def test_a_change_after_undoing_leaves_nothing_to_redo_and_presets_are_apart() -> None:
    undo = Undo()
    changed = START.with_text("optimizer.lr", "0.4")
    undo.note(START, changed)
    assert undo.undone(changed) is START
    other = START.with_text("optimizer.lr", "0.5")
    undo.note(START, other)
    assert undo.redone(other) is other
    cubic = Draft.load("cubic")
    undo.note(other, cubic)
    assert undo.undone(cubic) is cubic
    assert undo.undone(other) is START


def test_no_more_is_kept_than_is_bounded() -> None:
    undo, draft = Undo(), START
    for step in range(MOST + 20):
        changed = draft.with_text("train.seed", str(step))
        undo.note(draft, changed)
        draft = changed
    assert len(undo.trail(draft).past) == MOST
