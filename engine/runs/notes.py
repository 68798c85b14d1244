"""What a person says about a run: a name, tags, whether it is pinned, marks added later.

It is kept in ``notes.toml`` of the run's folder, beside the recording and never in it, so that
an old recording stays as it was made. The file may be written by hand: what is not understood is
left as it stands, and a file that cannot be read is put aside before another takes its place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ..errors import RunError
from ..text.files import read_file, replace_file, why
from ..text.parsing import EDITED_CHARACTERS, from_toml, toml_document
from ..text.run_names import before_the_last

if TYPE_CHECKING:
    from .folder import RunFolder

MAX_BYTES: Final = EDITED_CHARACTERS
"""A file larger than this holds no notes: it is written again with every change."""

MAX_NAME: Final = 100
"""Characters of a name."""

MAX_TAG: Final = 40
"""Characters of a tag."""

MAX_TAGS: Final = 20
"""Tags of a run."""


@dataclass(frozen=True, kw_only=True)
class NotedMark:
    """A mark that was added when the run was over."""

    step: int
    title: str
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Notes:
    """What a person says about a run."""

    name: str = ""
    """What to call it; empty where it has no name but its folder's."""
    note: str = ""
    """Whatever there is to say."""
    tags: tuple[str, ...] = ()
    pinned: bool = False
    """Whether it stands above the others."""
    marks: tuple[NotedMark, ...] = ()
    """Marks added later, by their steps."""
    problem: str = field(default="", compare=False)
    """Why the file, or a part of it, could not be understood."""

    @classmethod
    def load(cls, folder: RunFolder) -> Notes:
        """Return the notes of a run: as much of them as can be understood, none where none are."""
        try:
            body = read_file(folder.notes, MAX_BYTES)
        except (FileNotFoundError, NotADirectoryError):
            return cls()
        except OSError as error:
            return cls(problem=f"{folder.notes}: cannot be read: {why(error)}")
        return cls._of(body, str(folder.notes))

    @classmethod
    def _of(cls, body: bytes, source: str) -> Notes:
        try:
            tables = from_toml(body.decode("utf-8-sig"))
        except ValueError as error:
            return cls(problem=f"{source}: is no TOML: {error}")
        wrong = [key for key, fits in _FITS.items() if key in tables and not fits(tables[key])]
        given = {key: tables[key] for key in _FITS if key in tables and key not in wrong}
        given["tags"] = tuple(given.get("tags", ()))
        given["marks"] = tuple(map(_mark, given.get("marks", ())))
        problem = f"{source}: not understood: {', '.join(wrong)}" if wrong else ""
        return cls(**given, problem=problem)

    def save(self, folder: RunFolder) -> None:
        """Write the notes of a run in one go; other things in the file stay as they are.

        Raises:
            RunError: They cannot be written.
        """
        path = folder.notes
        try:
            text = _updated(_kept(path, Notes.load(folder)), self)
            replace_file(path, text.encode(errors="replace"))
        except OSError as error:
            raise RunError(f"{path}: the notes cannot be written: {why(error)}") from None

    def named(self, name: str) -> Notes:
        """Return these notes with another name for the run; an empty one takes it away.

        Raises:
            RunError: It is too long, or means something else.
        """
        name = " ".join(name.split())
        if len(name) > MAX_NAME:
            raise RunError(f"a name has at most {MAX_NAME} characters (this one {len(name)})")
        if before_the_last(name) is not None:
            raise RunError(f"{name!r} always means one of the newest runs; choose another name")
        return replace(self, name=name)

    def tagged(self, text: str) -> Notes:
        """Return these notes with other tags; none where the text has none.

        Args:
            text: Words parted by blanks or commas, each with or without a # before it.

        Raises:
            RunError: They are too many, or one is too long.
        """
        words = (word.lstrip("#") for word in text.replace(",", " ").split())
        tags = tuple(dict.fromkeys(filter(None, words)))
        long = next((tag for tag in tags if len(tag) > MAX_TAG), "")
        if long:
            raise RunError(f"a tag has at most {MAX_TAG} characters ({long[:MAX_TAG]}… has more)")
        if len(tags) > MAX_TAGS:
            raise RunError(f"a run has at most {MAX_TAGS} tags (these are {len(tags)})")
        return replace(self, tags=tags)

    def with_mark(self, mark: NotedMark) -> Notes:
        """Return these notes with one mark more."""
        return replace(self, marks=tuple(sorted((*self.marks, mark), key=lambda m: m.step)))


def _is_mark(value: object) -> bool:
    if not isinstance(value, Mapping):
        return False
    step, texts = value.get("step"), [value.get("title", ""), value.get("note", "")]
    return type(step) is int and 0 <= step <= 2**53 and _are_texts(texts)


def _are_texts(values: object) -> bool:
    return isinstance(values, list) and all(isinstance(value, str) for value in values)


_FITS: Final[Mapping[str, Callable[[Any], bool]]] = {
    "name": lambda value: isinstance(value, str),
    "note": lambda value: isinstance(value, str),
    "tags": _are_texts,
    "pinned": lambda value: isinstance(value, bool),
    "marks": lambda value: isinstance(value, list) and all(map(_is_mark, value)),
}
"""What the file may say, and whether a value is what it must be."""


def _mark(table: Mapping[str, Any]) -> NotedMark:
    return NotedMark(step=table["step"], title=table.get("title", ""), note=table.get("note", ""))


def _kept(path: Path, notes: Notes) -> str:
    """Return the text that is to be changed; one that was not understood is put aside."""
    if not path.exists():
        return ""
    if not notes.problem:
        return read_file(path, MAX_BYTES).decode("utf-8-sig")
    endings = (f".damaged-{number}" if number > 1 else ".damaged" for number in count(1))
    names = (path.with_name(path.name + ending) for ending in endings)
    path.replace(next(aside for aside in names if not aside.exists()))
    return ""


def _updated(text: str, notes: Notes) -> str:
    """Return the text of a file changed to say ``notes``, comments and other keys kept."""
    import tomlkit

    document = toml_document(text)
    marks = [
        {"step": mark.step, "title": mark.title} | ({"note": mark.note} if mark.note else {})
        for mark in notes.marks
    ]
    values = {"name": notes.name, "note": notes.note, "tags": list(notes.tags)}
    for key, value in {**values, "pinned": notes.pinned, "marks": marks}.items():
        if not value:
            document.pop(key, None)
        elif document.get(key) != value:
            document[key] = value
    return tomlkit.dumps(document)
