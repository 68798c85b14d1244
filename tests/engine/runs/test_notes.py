"""What a person says about a run, and that it is never lost."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from engine.errors import RunError
from engine.runs.folder import RunFolder
from engine.runs.notes import NotedMark, Notes


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path)


MARK = NotedMark(step=50, title="The boundary", note="月")


def test_a_run_without_notes_has_none(folder: RunFolder) -> None:
    assert Notes.load(folder) == Notes()
    assert Notes.load(RunFolder(folder.path / "nowhere")).problem == ""


def test_what_is_saved_is_loaded_again(folder: RunFolder) -> None:
    notes = Notes(
        name='a "name" \x1b[31m 損失\n',
        note="two\nlines",
        tags=("draft", "月"),
        pinned=True,
        marks=(MARK,),
    )
    notes.save(folder)
    assert Notes.load(folder) == notes
    Notes().save(folder)
    assert Notes.load(folder) == Notes()


def test_comments_and_other_keys_stay(folder: RunFolder) -> None:
    folder.notes.write_text('# by hand\nname = "old"  # why\nmine = 3\n')
    Notes.load(folder).named("new").save(folder)
    text = folder.notes.read_text()
    assert "# by hand" in text
    assert "mine = 3" in text
    assert 'name = "new"' in text


def test_marks_stand_in_the_order_of_their_steps(folder: RunFolder) -> None:
    first = NotedMark(step=3, title="early")
    Notes().with_mark(MARK).with_mark(first).save(folder)
    assert Notes.load(folder).marks == (first, MARK)
    replace(Notes.load(folder), marks=(MARK,)).save(folder)
    assert Notes.load(folder).marks == (MARK,)


@pytest.mark.parametrize(
    "body",
    [b"name = ", b"\xff\xfe", b"name = 3\n", b'tags = "a"', b"[[marks]]\nstep = -1", b"#" * 2**20],
)
def test_a_damaged_file_is_put_aside_and_never_lost(folder: RunFolder, body: bytes) -> None:
    folder.notes.write_bytes(body)
    notes = Notes.load(folder)
    assert str(folder.notes) in notes.problem
    assert folder.notes.read_bytes() == body
    notes.named("x").save(folder)
    assert Notes.load(folder) == Notes(name="x")
    assert (folder.path / "notes.toml.damaged").read_bytes() == body
    folder.notes.write_bytes(b"again = ")
    Notes(name="y").save(folder)
    assert (folder.path / "notes.toml.damaged").read_bytes() == body
    assert (folder.path / "notes.toml.damaged-2").read_bytes() == b"again = "


def test_what_can_be_understood_of_a_damaged_file_is_shown(folder: RunFolder) -> None:
    folder.notes.write_text('name = "good"\npinned = "yes"\n')
    notes = Notes.load(folder)
    assert (notes.name, notes.pinned) == ("good", False)
    assert "not understood: pinned" in notes.problem


def test_a_name_is_one_line_and_means_one_run() -> None:
    assert Notes().named("  a \n b\t").name == "a b"
    assert Notes(name="a").named(" ").name == ""
    with pytest.raises(RunError, match="at most 100 characters"):
        Notes().named("x" * 101)
    for name in ("last", "last-1"):
        with pytest.raises(RunError, match="newest run"):
            Notes().named(name)


def test_notes_that_cannot_be_written_say_where_and_why(tmp_path: Path) -> None:
    recording = tmp_path / "mailed.jsonl"
    recording.write_text("")
    with pytest.raises(RunError, match=r"mailed.jsonl/notes.toml: the notes cannot be written"):
        Notes(name="x").save(RunFolder(recording))
    assert Notes.load(RunFolder(recording)) == Notes()
    assert [path.name for path in tmp_path.iterdir()] == ["mailed.jsonl"]


def test_nothing_is_left_beside_the_notes(folder: RunFolder) -> None:
    Notes(name="x").save(folder)
    assert [path.name for path in folder.path.iterdir()] == ["notes.toml"]


def test_tags_are_words_each_once() -> None:
    assert Notes().tagged(" #good, lecture  good #").tags == ("good", "lecture")
    assert Notes(tags=("a",)).tagged(" ").tags == ()
    with pytest.raises(RunError, match="at most 40 characters"):
        Notes().tagged("x" * 41)
    with pytest.raises(RunError, match="at most 20 tags"):
        Notes().tagged(" ".join(map(str, range(21))))
