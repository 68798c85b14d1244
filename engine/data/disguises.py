"""What a file is that is called a text file, by how it begins; asked where it could not be read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from ..text.endings import PACKED
from ..text.files import open_file

BEGINNING: Final = 64
"""Bytes that tell."""

_BINARY: Final[Mapping[bytes, str]] = {
    b"PK\x03\x04": "is a spreadsheet (.xlsx) or another ZIP archive; save its sheet as CSV",
    b"\xd0\xcf\x11\xe0": "is an old spreadsheet (.xls); save its sheet as CSV",
    b"\x1f\x8b": "is packed by gzip; add '.gz' to its name",
    b"PAR1": "is a Parquet file; let its name end in '.parquet'",
    b"\x93NUMPY": "is a single array of NumPy; save it in an archive, by np.savez",
    b"%PDF": "is a PDF; save its table as CSV",
    b"SQLite format 3": "is a database; save its table as CSV",
    b"\x80\x04": "is a pickle, which could run anything; save its table as CSV",
}
"""How other formats begin, what they are and what to do."""

_TEXT: Final[Mapping[bytes, str]] = {
    b"<!doctype html": "is a web page; download the file itself",
    b"<html": "is a web page; download the file itself",
    b"<?xml": "is XML; save its table as CSV",
    b'{"': "is JSON; save it as CSV",
    b"[{": "is JSON; save it as CSV",
}
"""The same of texts, in small letters and without blanks before them."""


def disguise(path: Path, ending: str) -> str:
    """Say what a file is that is no text file; nothing where it may be one.

    Args:
        path: The file, which could not be read as what it is called.
        ending: What it is called.
    """
    if not ending.startswith((".csv", ".tsv")) or ending.endswith(PACKED):
        return ""
    try:
        with open_file(path) as file:
            begins = file.read(BEGINNING) or b""
    except OSError:
        return ""
    texts = begins.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    said = [what for mark, what in _BINARY.items() if begins.startswith(mark)]
    said += [what for mark, what in _TEXT.items() if texts.startswith(mark)]
    return next(iter(said), "")
