from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.lab.opening import Choices, Memory

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def test_what_was_chosen_is_there_the_next_time(tmp_path: Path) -> None:
    path = tmp_path / "state" / "lab.json"
    chosen = Choices(palette="epochal-light", glyphs="ascii", left_width=60, log=True, smoothing=2)
    Memory(path).keep(chosen)
    assert Memory(path).choices == chosen
    assert [file.name for file in path.parent.iterdir()] == ["lab.json"]


def test_nothing_is_written_where_nothing_is_new(tmp_path: Path) -> None:
    path = tmp_path / "lab.json"
    Memory(path).keep(Choices())
    assert not path.exists()


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "[" * 100_000, '{"log": 3, "glyphs": 1}'])
def test_a_damaged_file_is_as_good_as_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "lab.json"
    path.write_text(text)
    assert Memory(path).choices == Choices()


def test_a_file_that_cannot_be_written_troubles_nobody(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    memory = Memory(tmp_path / "file" / "lab.json")
    memory.keep(Choices(log=True))
    assert memory.choices.log


@given(JSON)
def test_any_table_gives_choices(table: object) -> None:
    assert isinstance(Choices.of(table), Choices)


@given(st.fixed_dictionaries({"glyphs": st.text(), "log": st.booleans(), "new": st.integers()}))
def test_what_is_known_of_a_table_is_kept(table: dict[str, object]) -> None:
    choices = Choices.of(table)
    assert (choices.glyphs, choices.log) == (table["glyphs"], table["log"])
