"""Rows from a file of one's own: which columns go in, which are to be learned, and what of.

How files are read is ``engine.data.sheet``. A file is read when a preset is validated, because
the network's first and last layer follow from it, and not again until it changes.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator
from typing_extensions import override

from ..errors import DataError
from ..text.spelling import show
from .base import DataBase, Examples, Shape
from .cells import Notation
from .column_kinds import ColumnKind
from .encoding import UTF_8, is_encoding
from .file_classes import MAX_CLASSES
from .file_program import FileProgram
from .file_rows import FileRows, Task, Wanted, file_rows
from .preprocessing import RawColumn
from .row_sample import drawn_words
from .sheet import state_of
from .splits import SETS, Rows, by_class, cut, in_sets, of_groups
from .text_file import Dialect

ColumnNames = Annotated[list[str], Field(min_length=1, max_length=100_000)]


def _tuple(names: list[str] | None) -> tuple[str, ...] | None:
    return tuple(names) if names else None


class File(DataBase):
    """Rows of a file: CSV or TSV with a line of names at its top, NPZ, or Parquet."""

    place: ClassVar[int] = 5

    measured: ClassVar[bool] = True
    paths: ClassVar[tuple[str, ...]] = ("path",)

    kind: Literal["file"] = "file"
    path: Annotated[str, Field(min_length=1, max_length=4096)]
    """The file, ending in ``.csv``, ``.tsv``, ``.npz`` or ``.parquet``, the first two also packed
    as ``.csv.gz``; from the preset's own folder on, or from the current directory where it is set
    from outside."""
    task: Task
    """What is to be learned: ``"classes"``, one column of names or numbers to tell apart;
    ``"numbers"``, one column or several; ``"labels"``, columns of 0 and 1, of which a row may have
    several; ``"shares"``, a column for each class with its share in a row, which sum to 1."""
    inputs: ColumnNames | None = None
    """The columns that go in, by name; all that are no targets where this is left out. An array
    ``x`` of an NPZ archive with two dimensions is the columns ``x1``, ``x2`` and so on, and
    ``x`` stands for all of them."""
    targets: ColumnNames | None = None
    """The columns to be learned, by name; the last one (of an NPZ archive: all of the last array)
    but the one that ``split_by`` names where this is left out."""
    separator: Literal[",", ";", "\t", "|", " "] | None = None
    """What parts the cells of a text file: a comma where this is left out, a tab in ``.tsv``, and
    what a first line such as ``sep=;`` says; ``" "`` is any number of blanks."""
    header: bool | None = None
    """Whether the first row of a text file holds the columns' names. Where this is left out it
    does, but one that looks like a row of data is refused; with false the columns are called as
    ``names`` says, or ``column1``, ``column2`` and so on."""
    names: ColumnNames | None = None
    """What the columns of a text file without names (``header = false``) are called, all of
    them."""
    encoding: Annotated[str, Field(min_length=1, max_length=40)] = UTF_8
    """What a text file's characters are written in, as Python calls it: ``"cp1252"`` or
    ``"utf-16"`` of Windows, ``"latin-1"``, ``"shift_jis"`` and so on."""
    missing: Annotated[list[str], Field(max_length=1000)] | None = None
    """The texts that are no value, beside the empty cell: ``["NA", "?"]``."""
    decimal: Literal[".", ","] = "."
    """The decimal mark of a text file's numbers."""
    thousands: Literal[",", ".", " ", "'"] | None = None
    """What parts thousands in a text file's numbers; nothing where this is left out."""

    sample_rows: Annotated[int, Field(ge=2, le=100_000_000)] | None = None
    """How many rows are drawn at random of those that the file has, before anything else is done
    with them: the same ones for every seed, while the file is read, so that one that is too large
    for the memory can be learned from. All where this is left out."""

    classes: Annotated[list[str], Field(min_length=2, max_length=MAX_CLASSES)] | None = None
    """The classes in their order; those of the file, numbers by size and then texts by letter,
    where this is left out."""
    columns: dict[str, ColumnKind] = Field(default={}, max_length=100_000)
    """What columns are, by their names, and what becomes of a missing value; a column that is not
    named here is a number, and none may be missing."""
    split_by: Literal["rows", "classes"] | dict[str, str] | None = None
    """How the rows are parted: ``"rows"`` shuffles them, ``"classes"`` does that with every class
    in the same shares, which is usual where there are classes; ``{ groups = "patient" }`` keeps
    the rows of a group together, ``{ time = "date" }`` trains on the oldest and tests on the
    newest, ``{ column = "set" }`` goes by a column that says train, dev or test."""

    @model_validator(mode="before")
    @classmethod
    def _stratified(cls, tables: Any) -> Any:
        """Have a preset of classes say that each is parted alike."""
        if not isinstance(tables, dict) or tables.get("split") is None:
            return tables
        return {**_PARTED.get(str(tables.get("task")), {}), **tables}

    @functools.cached_property
    def _rows(self) -> FileRows:
        """What the file holds; once validated, this never changes, whatever becomes of the file.

        Raises:
            DataError: The file does not hold.
            ValueError: It has no such columns: a line for each key to change.
        """
        path = Path(self.path)
        wanted = Wanted(
            dialect=Dialect.of(dict(self)),
            notation=Notation(self.decimal, self.thousands or ""),
            task=self.task,
            inputs=_tuple(self.inputs),
            targets=_tuple(self.targets),
            classes=_tuple(self.classes),
            kinds=tuple(self.columns.items()),
            parting=self._parting if self._parting[1] else ("", ""),
            rows=self.sample_rows,
        )
        return file_rows(path, state_of(path), wanted)

    @property
    def _parting(self) -> tuple[str, str]:
        """The way in which the rows are parted, and the column that says it, if one does."""
        if isinstance(self.split_by, dict):
            return next(iter(self.split_by.items()), ("", ""))
        return self.split_by or "rows", ""

    @property
    @override
    def is_parted(self) -> bool:
        return super().is_parted or self._parting[0] == "column"

    @property
    @override
    def sizes(self) -> tuple[int, int, int]:
        if self._sets is None:
            return self.sizes_asked
        train, dev, test, *_ = np.bincount(self._sets, minlength=3).tolist()
        return train, dev, test

    @functools.cached_property
    def _sets(self) -> NDArray[np.int64] | None:
        """The set of each row, 3 for none of them; None where their number alone is known."""
        match self._parting[0]:
            case "column":
                return self._rows.parting
            case "groups" if self.split is not None:
                return of_groups(self._rows.parting.tolist(), self.sizes_asked)
            case _:
                return None

    @override
    def rows_of_sets(self, order: Rows) -> list[Rows]:
        if self._sets is not None:
            return in_sets(order, self._sets)
        match self._parting[0]:
            case "classes":
                return by_class(order, self._rows.targets, self.sizes)
            case "time":
                return cut(np.argsort(self._rows.parting, kind="stable"), self.sizes)
            case _:
                return super().rows_of_sets(order)

    @property
    @override
    def notices(self) -> list[str]:
        way, column = self._parting
        said = [drawn] if (drawn := drawn_words(self._rows.file)) else []
        if way != "column":
            return said
        lacking = [name for name, size in zip(SETS, self.sizes, strict=True) if not size]
        return said + [
            f"column {show(column)} says of no row that it is for {name}" for name in lacking
        ]

    @property
    @override
    def raw_columns(self) -> list[RawColumn]:
        return self._rows.columns

    @property
    @override
    def shape(self) -> Shape:
        return self._rows.shape

    @property
    @override
    def files(self) -> list[Mapping[str, Any]]:
        return [self._rows.file]

    @override
    def draw(self, rng: np.random.Generator) -> Examples:
        """The rows as they stand; the inputs, which may be gigabytes, are only to be read."""
        inputs = self._rows.inputs.view()
        inputs.flags.writeable = False
        return Examples(inputs, self._rows.targets.copy())

    @override
    def program(self) -> str:
        return FileProgram(
            path=self.path,
            separator=self.separator,
            encoding=self.encoding,
            has_names=self.header is not False,
            names=self.names or (),
            missing=self.missing or (),
            decimal=self.decimal,
            thousands=self.thousands or "",
            kinds=self.columns,
            inputs=self._rows.read,
            targets=self._rows.learned,
            classes=self.target_names if self.class_count else (),
            task=self.task,
            parting=self._parting if self._parting[1] else ("", ""),
            rows=self.sample_rows,
        ).text()

    def _problems(self) -> Iterator[str]:
        if self.thousands == self.decimal:
            yield f"thousands: is the decimal mark too ({show(self.decimal)}); set data.decimal"
            return
        if problems := [*self._text_problems(), *self._key_problems()]:
            yield from problems
            return
        try:
            _ = self._rows, self._sets
        except DataError as error:
            yield f"path: {error}"
        except ValueError as error:
            yield from str(error).splitlines()
        else:
            yield from super()._problems()

    def _text_problems(self) -> Iterator[str]:
        """Yield what is wrong with how the text is said to be laid out."""
        if not is_encoding(self.encoding):
            yield (
                f"encoding: {show(self.encoding)} is none of Python's; say 'utf-8', 'cp1252', "
                "'latin-1', 'utf-16' or another"
            )
        if self.names and self.header is not False:
            yield "names: name the columns of a file that has no names; set data.header = false too"
        for name, count in Counter(self.names or []).items():
            if count > 1:
                yield f"names: {show(name)} stands there twice"
            elif not name.strip():
                yield f"names: {show(name)} is no name"

    def _key_problems(self) -> Iterator[str]:
        """Say which keys do not fit together, whatever the file holds."""
        way, column = self._parting
        if isinstance(self.split_by, dict) and (len(self.split_by) != 1 or way not in _BY_COLUMN):
            yield "split_by: must have one of groups, time and column, and the name of a column"
        elif isinstance(self.split_by, dict) and not column:
            yield f"split_by: must name a column, as in {{ {way} = 'name' }}"
        if way == "classes" and self.task != "classes":
            yield "split_by: there are no classes to part; set 'rows', or task = 'classes'"
        if way == "column" and self.split is not None:
            yield "split: is said by the column of split_by; leave it out"
        if way in ("groups", "time") and self.split is None:
            yield "split: is left out, so nothing is parted; set split = [0.7, 0.15, 0.15]"
        if self.classes and self.task != "classes":
            yield "classes: there are none; set task = 'classes', or leave it out"
        for name in self.classes or []:
            if (self.classes or []).count(name) > 1 or not name.strip():
                yield f"classes: {show(name)} stands there twice, or is empty"

    @override
    def _split_problems(self) -> Iterator[str]:
        yield from super()._split_problems()
        if self._sets is None:
            return
        for name, size in zip(SETS[: len(self.split or [1])], self.sizes, strict=False):
            if not size:
                where = f"column {show(self._parting[1])} has no row of {show(name)}"
                groups = f"the groups of {show(self._parting[1])} are too few for {show(name)}"
                yield f"split_by: {where if self.split is None else groups}"


_BY_COLUMN: Final = ("groups", "time", "column")
"""The ways of parting that a column says."""

_PARTED: Final[Mapping[str, Mapping[str, Any]]] = {"classes": {"split_by": "classes"}}
"""How rows are parted where a preset does not say it, by the task."""
