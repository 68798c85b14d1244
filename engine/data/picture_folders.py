"""Which pictures lie in a folder: in one for each class, and those in one for each set or not.

Nothing is opened here, and no link is followed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from ..errors import DataError
from ..text.safe import plain

ENDINGS: Final = (".png", ".jpg", ".jpeg")
"""How the names of pictures end."""

LEFT_OUT: Final = ("thumbs.db", "desktop.ini")
"""Files that a file manager writes; so are those whose names begin with a dot."""

SET_FOLDERS: Final[Mapping[str, int]] = {
    "train": 0,
    **dict.fromkeys(("dev", "val", "valid", "validation"), 1),
    "test": 2,
}
"""The set that a folder is for, by its name in small letters."""


def files_of_sets(
    path: Path, most: int, *, in_sets: bool
) -> tuple[list[Path], list[Path], list[Path]]:
    """Return the pictures of train, dev and test; all are for training where no folder says it.

    Args:
        path: The folder.
        most: How many a set may have.
        in_sets: Whether there is a folder for each set, in which each class has one.

    Raises:
        DataError: Something is there that belongs to none of them, or two folders are for one.
    """
    if not in_sets:
        return [*_files(path, most)], [], []
    folders: list[Path | None] = [None, None, None]
    for entry in _entries(path):
        if not entry.is_dir() and not entry.name.lower().endswith(ENDINGS):
            continue
        place = SET_FOLDERS.get(entry.name.lower()) if entry.is_dir() else None
        if place is None:
            raise DataError(
                f"{plain(entry.name)}: is for none of the sets; data.split_by = 'folders' takes "
                "train, dev (or val) and test, each with a folder for each class"
            )
        if (other := folders[place]) is not None:
            both = f"{plain(other.name)} and {plain(entry.name)}"
            raise DataError(f"{both}: are for the same set; put their pictures into one")
        folders[place] = Path(entry.path)
    if folders[0] is None:
        raise DataError(f"{plain(path.name)}: has no folder train, which is learned from")
    train, dev, test = ([] if each is None else [*_files(each, most)] for each in folders)
    return train, dev, test


def _files(path: Path, most: int) -> Iterator[Path]:
    """Yield the pictures of a folder's folders by name.

    Raises:
        DataError: Something is there that is no picture, or a link.
    """
    count = 0
    for folder in _entries(path):
        if not folder.is_dir():
            if folder.name.lower().endswith(ENDINGS):
                raise DataError(f"{plain(folder.name)}: lies beside the folders of the classes")
            continue
        for entry in _entries(Path(folder.path)):
            called = plain(f"{folder.name}/{entry.name}")
            if entry.is_dir() and folder.name.lower() in SET_FOLDERS:
                raise DataError(
                    f"{called}: is a folder, and {plain(folder.name)} is called like a set; set "
                    "data.split_by = 'folders' where each set has one, or name one of them"
                )
            if entry.is_dir():
                raise DataError(
                    f"{called}: is a folder, where a class has its pictures; data.path names the "
                    "folder in which each class has one"
                )
            if not entry.name.lower().endswith(ENDINGS):
                raise DataError(f"{called}: is no picture: its name must end in .png or .jpg")
            if (count := count + 1) > most:
                raise DataError(f"{plain(path.name)}: has more than {most} pictures")
            yield Path(entry.path)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    """Return what lies in a folder, by name, without what a file manager leaves there."""
    entries = []
    with os.scandir(folder) as every:
        for entry in every:
            if entry.name.startswith(".") or entry.name.lower() in LEFT_OUT:
                continue
            if entry.is_symlink():
                called = plain(f"{folder.name}/{entry.name}")
                raise DataError(f"{called}: is a link, and none is followed; copy what it names")
            entries.append(entry)
    return sorted(entries, key=lambda entry: entry.name)
