"""Files of a kind: where they lie, which is meant by a name, and what TOML is in them.

A name is looked for in this directory, in the user's configuration folder and among the packaged
files; the first found counts. What the tables in a file mean is for others to say: what comes from
here is tables, or an error with one problem in plain words.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from .. import configuration
from ..errors import FileError, LectureError, PresetError, Problem
from ..text.files import read_file
from ..text.numerals import as_toml
from ..text.parsing import from_toml
from ..text.safe import plain
from ..text.spelling import nearest

MAX_DEPTH: Final = 32
"""How deeply tables and lists may nest; the schemas need six levels."""

HUGE: Final = 10**40
"""Beyond every bound of a schema, and what any number beyond it is taken for."""


@dataclass(frozen=True)
class Listing:
    """A file that can be had, read no further than its heading."""

    name: str
    """What to call it by."""
    path: Path
    """Where it is."""
    origin: str
    """Which folder it comes from: ``./presets``, the user's, or ``epochal`` for the packaged."""

    @property
    def title(self) -> str:
        """Its title; empty where it has none or cannot be read."""
        try:
            title = Shelf("file", "", FileError).tables(self.path)[0].get("title", "")
        except FileError:
            return ""
        return title if isinstance(title, str) else ""


@dataclass(frozen=True)
class Shelf:
    """Where files of one kind lie."""

    kind: str
    """What they are called: ``preset``."""
    inside: str
    """The folder they have in those of the presets; empty for the presets themselves."""
    error: type[FileError]
    """What is raised where one does not hold."""

    def catalogue(self) -> list[Listing]:
        """Return every file by name; the first of the folders hides those after it."""
        listings: dict[str, Listing] = {}
        for origin, folder in self.folders():
            for path in _files_in(folder):
                listings.setdefault(path.stem, Listing(path.stem, path, origin))
        return [listings[name] for name in sorted(listings)]

    def folders(self) -> Iterator[tuple[str, Path]]:
        """Yield where they lie, each with what to call it, in the order of the search."""
        yield "./presets", Path("presets") / self.inside
        with contextlib.suppress(RuntimeError):  # Somebody without a home has nothing there.
            yield "yours", configuration.folder() / "presets" / self.inside
        here = Path(__file__).resolve().parent.parent
        packaged = here / "_presets"
        packaged = packaged if packaged.is_dir() else here.parent / "presets"
        yield "epochal", packaged / self.inside

    def find(self, reference: str) -> Path:
        """Return the path of a file.

        Args:
            reference: A path, or a name with or without ``.toml``.

        Raises:
            FileError: There is none, with the nearest name.
        """
        if path := self.seek(reference):
            return path
        names = [listing.name for listing in self.catalogue()]
        if os.sep in reference or exists(Path(reference)):
            path = Path(reference)
            what = f"is a folder, not a {self.kind}" if path.is_dir() else "there is no such file"
            raise self.error([Problem(reference, "", what)])
        near = nearest(Path(reference).stem, names)
        what = f"there is no such {self.kind}{near}; there are: {', '.join(names)}"
        raise self.error([Problem(reference, "", what)])

    def seek(self, reference: str) -> Path | None:
        """Return the path of a file, if there is one."""
        path = Path(reference)
        is_path = os.sep in reference or reference.endswith(".toml")
        if is_path and exists(path):
            return path
        if os.sep in reference:
            return None
        name = reference.removesuffix(".toml")
        places = (folder / f"{name}.toml" for _, folder in self.folders())
        return next((place for place in places if exists(place)), None)

    def is_packaged(self, path: Path) -> bool:
        """Whether a file is one of those that come with epochal."""
        return any(path.parent == folder for name, folder in self.folders() if name == "epochal")

    def tables(self, path: Path) -> tuple[dict[str, Any], str]:
        """Return a file's tables, and its text.

        Raises:
            FileError: It cannot be read, or is no TOML.
        """
        text = self.read(path)
        return self.parse(text, str(path)), text

    def read(self, path: Path) -> str:
        """Return a file's text.

        Raises:
            FileError: It is no file, too large, not to be read, or no text.
        """
        try:
            data = read_file(path)
        except OSError as error:
            raise self._wrong(path, self._why(error)) from None
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            message = f"line {line}: is not UTF-8 text; save the file as UTF-8"
            raise self._wrong(path, message) from None

    def parse(self, text: str, source: str) -> dict[str, Any]:
        """Return the tables of a TOML text.

        Raises:
            FileError: With the line and column where it stops being TOML.
        """
        try:
            return from_toml(text)
        except ValueError as error:
            raise self.error([Problem(source, "", _syntax(str(error), text))]) from None

    def tame(self, tables: Mapping[str, Any], source: str) -> dict[str, Any]:
        """Return a copy of tables in which nothing is too deep or too long to be told of.

        Raises:
            FileError: They nest too deeply.
        """
        if _too_deep(tables):
            message = f"tables and lists nest more than {MAX_DEPTH} levels deep"
            raise self.error([Problem(source, "", message)])
        return {key: _tame(value) for key, value in tables.items()}

    def _why(self, error: OSError) -> str:
        """Say why a file could not be read."""
        if error.errno == errno.EISDIR:
            return f"is a folder, not a {self.kind}"
        if error.errno == errno.EFBIG:
            return f"is larger than 1 MB, so it is no {self.kind}"
        return f"cannot be read: {(error.strerror or str(error)).lower()}"

    def _wrong(self, path: Path, message: str) -> FileError:
        return self.error([Problem(str(path), "", message)])


PRESETS: Final = Shelf("preset", "", PresetError)
"""Where presets lie: they are found without the schema, which takes long to import."""

LECTURES: Final = Shelf("lecture", "lectures", LectureError)
"""Where lectures lie."""


def exists(path: Path) -> bool:
    """Whether something is there; a name no file can have is not."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def _files_in(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.glob("*.toml") if path.is_file())
    except OSError:
        return []


def _syntax(message: str, text: str) -> str:
    """Return the parser's message with the place in front, and how to write that line instead."""
    match = re.fullmatch(r"(.*) \(at (.*)\)", message, re.DOTALL)
    what, where = (match[1], match[2]) if match else (message, "")
    line = re.match(r"line (\d+)", where)
    instead = _instead(text.split("\n")[int(line[1]) - 1]) if line else ""
    where = where.replace("end of document", "end of the file")
    what = next((said for known, said in _SAID.items() if known.fullmatch(what)), what)
    what = what[:1].lower() + what[1:] + (f"; write {plain(instead)}" if instead else "")
    return f"{where}: {what}" if where else what


_SAID: Final = {
    re.compile("Cannot (overwrite a value|redefine namespace .*)"): (
        "this is said already, further up; keep one of the two"
    ),
    re.compile(r"Cannot declare \(.*\) twice"): (
        "a table of this name stands further up; put all its keys under one"
    ),
}
"""What the parser means by the words that do not say it."""

_STRAIGHT: Final = str.maketrans("“”„‘’", '"""\'\'')
"""Quotes as word processors set them, and as TOML wants them."""


def _instead(line: str) -> str:
    """Return how a line that is no TOML would be some, with what people type instead; or nothing:
    numbers such as .5 and 0,5, texts without quotes, True, a colon for the equals sign.
    """
    if len(line) > 200:
        return ""
    code = line.partition("#")[0].strip().translate(_STRAIGHT)
    key, equals, value = code.partition("=" if "=" in code else ":")
    key, value = key.strip(), value.strip()
    if not equals or not key or not value:
        return ""
    tries = [value, as_toml(value), value.replace(",", "."), value.lower()]
    if value[0] not in "=:[{":  # A text without its quotes; these begin no text.
        tries.append('"' + value.strip("\"'") + '"')
    for tried in tries:
        candidate = f"{key} = {tried}"
        with contextlib.suppress(ValueError):
            from_toml(candidate)
            return "" if candidate == line.strip() else candidate
    return ""


def _tame(value: Any) -> Any:
    """Return a copy in which no whole number is too long for Python to print."""
    match value:
        case dict():
            return {key: _tame(item) for key, item in value.items()}
        case list():
            return [_tame(item) for item in value]
        case int() if abs(value) > HUGE:
            return HUGE if value > 0 else -HUGE
        case _:
            return value


def _too_deep(tables: Mapping[str, Any]) -> bool:
    """Whether anything lies deeper than ``MAX_DEPTH``; found level by level, without recursion."""
    level: list[Any] = [tables]
    for _ in range(MAX_DEPTH):
        inside: list[Any] = []
        for item in level:
            values = item.values() if isinstance(item, Mapping) else item
            inside += (value for value in values if isinstance(value, Mapping | list))
        if not inside:
            return False
        level = inside
    return True
