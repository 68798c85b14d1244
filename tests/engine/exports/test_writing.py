"""Where exports come to lie."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

import pytest

from engine.errors import RequestError
from engine.exports.export import ExportFile
from engine.exports.writing import write_files


def of(*paths: Path) -> list[ExportFile]:
    def write(file: BinaryIO) -> None:
        file.write(b"new")

    return [ExportFile(path, write) for path in paths]


def names(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


def test_files_are_written_whole_and_nothing_is_left_beside_them(tmp_path: Path) -> None:
    first, second = tmp_path / "a.csv", tmp_path / "b.csv"
    assert [*write_files(of(first, second), first, force=False)] == [first, second]
    assert first.read_bytes() == second.read_bytes() == b"new"
    assert names(tmp_path) == ["a.csv", "b.csv"]


def test_where_one_is_there_none_is_written_unless_it_is_asked_for(tmp_path: Path) -> None:
    first, second = tmp_path / "a.csv", tmp_path / "b.csv"
    second.write_bytes(b"old")
    with pytest.raises(RequestError, match=r"b\.csv: is there already; --force overwrites it"):
        [*write_files(of(first, second), first, force=False)]
    assert names(tmp_path) == ["b.csv"]
    assert second.read_bytes() == b"old"
    assert [*write_files(of(first, second), first, force=True)] == [first, second]
    assert second.read_bytes() == b"new"


def test_what_comes_while_a_file_is_written_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    late = ExportFile(path, lambda _: path.write_bytes(b"another's") and None)
    with pytest.raises(RequestError, match="is there already"):
        [*write_files([late], path, force=False)]
    assert (path.read_bytes(), names(tmp_path)) == (b"another's", ["a.csv"])


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), RequestError("no")])
def test_what_cannot_be_finished_leaves_nothing(tmp_path: Path, error: Exception) -> None:
    def fail(file: BinaryIO) -> None:
        file.write(b"half")
        raise error

    path = tmp_path / "a.csv"
    with pytest.raises(RequestError, match=r"free some space and try again|^no$"):
        [*write_files([ExportFile(path, fail)], path, force=False)]
    assert names(tmp_path) == []


@pytest.mark.parametrize("force", [True, False])
def test_a_disk_without_second_names_for_a_file_does_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, force: bool
) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", refused)
    path = tmp_path / "a.csv"
    assert [*write_files(of(path), path, force=force)] == [path]
    assert (path.read_bytes(), names(tmp_path)) == (b"new", ["a.csv"])


@pytest.mark.parametrize("target", ["file", "nothing"])
def test_no_link_is_followed(tmp_path: Path, target: str) -> None:
    victim, link = tmp_path / "victim", tmp_path / "a.csv"
    if target == "file":
        victim.write_bytes(b"old")
    link.symlink_to(victim)
    with pytest.raises(RequestError, match="is there already"):
        [*write_files(of(link), link, force=False)]
    with pytest.raises(RequestError, match="is a link, and none is followed here"):
        [*write_files(of(link), link, force=True)]
    assert victim.exists() == (target == "file")
    assert link.is_symlink()


def test_folders_are_made_within_the_place_alone(tmp_path: Path) -> None:
    place = tmp_path / "logs"
    path = place / "a-run" / "events"
    assert [*write_files(of(path), place, force=False)] == [path]
    with pytest.raises(RequestError, match="cannot be written: No such file"):
        [*write_files(of(tmp_path / "typo" / "a.csv"), tmp_path / "typo" / "a.csv", force=False)]
    assert names(tmp_path) == ["logs"]


def test_where_a_file_lies_no_folder_is_made(tmp_path: Path) -> None:
    place = tmp_path / "logs"
    place.write_bytes(b"old")
    with pytest.raises(RequestError, match="logs: is no folder; choose another place"):
        [*write_files(of(place / "a-run" / "events"), place, force=True)]
    assert place.read_bytes() == b"old"


def test_no_folder_of_an_export_is_a_link(tmp_path: Path) -> None:
    place, elsewhere = tmp_path / "logs", tmp_path / "elsewhere"
    place.mkdir()
    elsewhere.mkdir()
    (place / "a-run").symlink_to(elsewhere)
    with pytest.raises(RequestError, match="is a link, and none is followed here"):
        [*write_files(of(place / "a-run" / "events"), place, force=True)]
    assert names(elsewhere) == []


def test_files_have_the_mode_that_the_umask_leaves(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        path = tmp_path / "logs" / "a.csv"
        assert [*write_files(of(path), tmp_path / "logs", force=False)]
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o640
    assert path.parent.stat().st_mode & 0o777 == 0o750
