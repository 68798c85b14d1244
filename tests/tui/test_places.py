from __future__ import annotations

from importlib import import_module

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.widget import Widget

from tui.places import NAMES, PANES, Box, arrange, form_of, side_width
from tui.places.arrangement import LEAST_CURVES
from tui.places.pane import ByPicture, Pane

RECENT = st.permutations(NAMES)
WANTS = st.dictionaries(st.sampled_from(NAMES), st.integers(0, 80))


@pytest.mark.parametrize("pane", PANES, ids=lambda pane: pane.name)
def test_what_shows_a_pane_is_there_and_whole(pane: Pane) -> None:
    for shown in filter(None, (pane.shown, pane.several)):
        if isinstance(shown, ByPicture):
            picture = shown.load()
            assert all(callable(getattr(picture, part)) for part in ("draw", "there", "missing"))
        else:
            module, _, name = shown.widget.rpartition(".")
            assert issubclass(getattr(import_module(f"tui.panes.{module}"), name), Widget)


def test_forms_follow_the_size() -> None:
    assert form_of(80, 24) == "one"
    assert form_of(119, 60) == "one"
    assert form_of(120, 29) == "one"
    assert form_of(120, 40) == "two"
    assert form_of(200, 60) == "three"
    assert form_of(200, 40) == "two"


@given(
    width=st.integers(120, 400),
    height=st.integers(30, 200),
    recent=RECENT,
    wants=WANTS,
    chosen=st.integers(0, 400),
)
def test_panes_fill_the_screen_and_never_overlap(
    width: int, height: int, recent: list[str], wants: dict[str, int], chosen: int
) -> None:
    form = form_of(width, height)
    boxes = arrange((width, height), form, recent, wants, chosen)
    assert sum(box.width * box.height for box in boxes.values()) == width * height
    cells = [(box.x, box.y, box.x + box.width, box.y + box.height) for box in boxes.values()]
    for index, (left, top, right, bottom) in enumerate(cells):
        assert 0 <= left <= right <= width
        assert 0 <= top <= bottom <= height
        for other in cells[index + 1 :]:
            apart = left >= other[2] or other[0] >= right or top >= other[3] or other[1] >= bottom
            assert apart or (right - left) * (bottom - top) == 0
    assert boxes["curves"].height >= LEAST_CURVES
    assert boxes["curves"].width >= 50


@given(recent=RECENT, width=st.integers(1, 119), height=st.integers(1, 60))
def test_a_small_screen_shows_the_pane_visited_last(
    recent: list[str], width: int, height: int
) -> None:
    assert arrange((width, height), "one", recent, {}) == {recent[0]: Box(0, 0, width, height)}


def test_panes_that_share_a_place_show_the_one_visited_last() -> None:
    two = arrange((120, 37), "two", ["curves", "runs", "network", *NAMES], {})
    assert set(two) == {"runs", "curves", "gradients", "diagnosis"}
    three = arrange((200, 57), "three", ["network", "log", *NAMES], {})
    assert set(three) == {"log", "curves", "gradients", "network", "diagnosis"}


def test_a_pane_gets_the_lines_it_wants_within_bounds() -> None:
    boxes = arrange((120, 40), "two", NAMES, {"gradients": 9, "diagnosis": 4})
    assert (boxes["gradients"].height, boxes["diagnosis"].height) == (9, 4)
    assert boxes["gradients"].y + 9 == boxes["diagnosis"].y
    greedy = arrange((120, 40), "two", NAMES, {"gradients": 99, "diagnosis": 99})
    assert greedy["curves"].height >= LEAST_CURVES
    assert greedy["gradients"].height >= 3


def test_the_chosen_width_leaves_room_for_the_curves() -> None:
    assert side_width(120, "two", 0) == 46
    assert side_width(120, "two", 60) == 60
    assert side_width(120, "two", 500) == 70
    assert side_width(120, "two", 1) == 30


def test_every_pane_has_a_place_in_every_form() -> None:
    for form in ("two", "three"):
        for place in PANES:
            boxes = arrange((220, 60), form, [place.name, *NAMES], {})  # type: ignore[arg-type]
            assert place.name in boxes
