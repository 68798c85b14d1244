"""What a plain program reads a file of columns by: Python's csv module and numpy, nothing else.

    lines ─► rows that count ─► columns of cells ─► numbers, NaN where a cell has no value

A category is its value's place, a truth value 0 or 1, a date a number for each of its parts. What
becomes of these is printed by whoever prints the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from textwrap import indent
from typing import Final, Literal

from ..errors import EpochalError
from ..text.endings import PACKED, ending_of
from ..text.source_code import WIDTH, call, define, listed, quoted
from .column_kinds import CategoryColumn, ColumnKind, DateColumn, NumberColumn, TruthColumn
from .file_rows import Task
from .row_sample import SEED
from .text_file import reading_source


@dataclass(frozen=True, kw_only=True)
class FileProgram:
    """What is to be read, and how it is laid out."""

    path: str
    separator: str | None
    """What parts cells; by the ending where left out."""
    encoding: str
    has_names: bool
    """Whether the first line holds the columns' names."""
    names: Sequence[str]
    """What the columns are called where no line says it; numbered where left out."""
    missing: Sequence[str]
    """The texts that are no value, beside the empty one."""
    decimal: str
    thousands: str
    kinds: Mapping[str, ColumnKind]
    """What columns are; the others are numbers."""
    inputs: Sequence[str]
    """The columns that go in, as the file calls them."""
    targets: Sequence[str]
    """The columns that are learned, as the file calls them."""
    classes: Sequence[str]
    """The names of the classes; empty where there are none."""
    task: Task
    parting: tuple[str, str]
    """The way in which a column parts the rows, and its name; empty where none does."""
    rows: int | None = None
    """How many rows are drawn at random; all where left out."""

    def text(self) -> str:
        """Return ``draw_data()``, after what it needs.

        Raises:
            EpochalError: The file is not one of text.
        """
        ending = ending_of(Path(self.path))
        if ending == ".npz" and not self._is_typed:
            return self._of_archive()
        if not ending.startswith((".csv", ".tsv")):
            kinds = " with such columns" if ending == ".npz" else ""
            raise EpochalError(
                f"data.path: no plain program can be written for a {ending} file{kinds}; save it "
                "as CSV"
            )
        separator = self.separator or ("\t" if ending.startswith(".tsv") else ",")
        reading = reading_source(self.path, separator, self.encoding, gaps=self._is_typed)
        reading += self._drawn()
        lines = self._typed(reading) if self._is_typed else self._plain(reading)
        doc = "Return the rows of the file."
        if self._is_typed:
            doc = "Return the rows of the file as numbers, NaN where a cell has none."
        # What a line asks for stands above it, and everything that it asks for in its turn.
        helpers = [*self._helpers("\n".join(lines))]
        imported = ["import csv", *["import gzip"] * ending.endswith(PACKED)]
        if any("datetime" in text for text in (*lines, *helpers)):
            utc = "UTC, " if any("UTC" in text for text in (*lines, *helpers)) else ""
            imported.append(f"from datetime import {utc}datetime")
        head, drawn = "\n".join(imported), define("draw_data", doc, lines)
        return "\n\n\n".join([head, *helpers, drawn])

    def _drawn(self) -> list[str]:
        """Return the lines that draw a sample of the rows."""
        if self.rows is None:
            return []
        return [
            f"# {self.rows} of the rows are drawn at random, the same ones every time.",
            f"top = lines[:{int(self.has_names)}]",
            f"keys = np.random.default_rng({SEED}).random(len(lines) - len(top))",
            f'smallest = np.argsort(keys, kind="stable")[:{self.rows}]',
            "lines = top + [lines[len(top) + row] for row in np.sort(smallest)]",
        ]

    def _of_archive(self) -> str:
        """Return what reads NumPy's archive, in which an array is a column or several."""
        lines = [
            "columns = {}",
            f"with np.load({quoted(self.path)}) as archive:",
            "    for name, array in archive.items():",
            "        if array.ndim == 1:",
            "            columns[name] = array",
            "        else:",
            "            for at, column in enumerate(array.T, start=1):",
            '                columns[f"{name}{at}"] = column',
            *_assigned("features", self.inputs),
            "inputs = np.array([columns[name] for name in features], float).T",
        ]
        if self.classes:
            lines += self._classes_of_array()
        else:
            lines += _assigned("wanted", self.targets)
            lines.append("targets = np.array([columns[name] for name in wanted], float).T")
        lines += [*self._shares(), "return inputs, targets"]
        return define("draw_data", "Return the rows of the archive.", lines)

    def _classes_of_array(self) -> list[str]:
        """Return what reads classes of an array of numbers or of texts."""
        cells = f"columns[{quoted(self.targets[0])}]"
        try:
            numbers = [float(name) for name in self.classes]
        except ValueError:
            return [
                *_assigned("classes", self.classes),
                f"cells = [cell.strip() for cell in {cells}]",
                "targets = np.array([classes.index(cell) for cell in cells])",
            ]
        return [
            *f"classes = {listed(map(repr, numbers))}".split("\n"),
            f"cells = {cells}.astype(float).tolist()",
            "targets = np.array([classes.index(cell) for cell in cells])",
        ]

    @property
    def _is_typed(self) -> bool:
        """Whether there is more to read than numbers."""
        return bool(self.parting[1]) or any(kind != _NUMBER for kind in self.kinds.values())

    def _kind(self, name: str) -> ColumnKind:
        return self.kinds.get(name, _NUMBER)

    def _names(self) -> list[str]:
        """Return the lines that name the columns."""
        if self.has_names:
            return ["names = [name.strip() for name in lines[0]]"]
        if self.names:
            return _assigned("names", self.names)
        return ['names = [f"column{index + 1}" for index in range(len(lines[0]))]']

    def _plain(self, reading: Sequence[str]) -> list[str]:
        """Return what reads columns of numbers."""
        lines = [
            *reading,
            *self._names(),
            f"columns = dict(zip(names, zip(*lines{'[1:]' * self.has_names})))",
            *_assigned("features", self.inputs),
            f"inputs = {self._array_of('features')}",
        ]
        if self.classes:
            lines += _assigned("classes", self.classes)
            lines.append(f"cells = [cell.strip() for cell in columns[{quoted(self.targets[0])}]]")
            lines.append("targets = np.array([classes.index(cell) for cell in cells])")
        else:
            lines += _assigned("wanted", self.targets)
            lines.append(f"targets = {self._array_of('wanted')}")
        return [*lines, *self._shares(), "return inputs, targets"]

    def _array_of(self, names: str) -> str:
        """Return what makes an array of the named columns, [rows, columns]."""
        if self._cell == "cell":
            return f"np.array([columns[name] for name in {names}], float).T"
        return f"np.array([[float({self._cell}) for cell in columns[name]] for name in {names}]).T"

    @cached_property
    def _cell(self) -> str:
        """What Python reads a cell's number from."""
        cell = f'cell.replace({quoted(self.thousands)}, "")' if self.thousands else "cell"
        return cell if self.decimal == "." else f'{cell}.replace({quoted(self.decimal)}, ".")'

    def _shares(self) -> list[str]:
        """Return what takes rounding out of shares."""
        sums = "targets.sum(axis=1, keepdims=True)"
        return [f"targets /= {sums}  # without rounding"] if self.task == "shares" else []

    def _typed(self, reading: Sequence[str]) -> list[str]:
        """Return what reads columns of every kind."""
        way, parting = self.parting
        lines = [
            *reading,
            *self._names(),
            *(["lines = lines[1:]"] if self.has_names else []),
            *self._left_out(),
            "columns = {",
            "    name: [cell.strip() for cell in cells]",
            "    for name, cells in zip(names, zip(*lines))",
            "}",
            *_array("inputs", self._columns(self.inputs)),
        ]
        lines += [*self._targets(), *self._shares()]
        if not parting:
            return [*lines, "return inputs, targets"]
        column = f"columns[{quoted(parting)}]"
        kind = self._kind(parting)
        if way == "time" and isinstance(kind, DateColumn):
            column = f"[{_date(kind)} for cell in {column}]"
        elif way == "time":
            column = f"numbers({column})"
        lines += _fitting(f"{way} = ", column)
        return [*lines, f"return inputs, targets, np.array({way})"]

    def _left_out(self) -> list[str]:
        """Return what leaves out the rows that lack what no row may lack."""
        read = [*self.inputs, *self.targets]
        needed = [name for name in read if self._kind(name).missing == "drop"]
        if not needed:
            return []
        return [
            "# A row without a value in one of these is left out.",
            *_assigned("needed", needed),
            "places_needed = [names.index(name) for name in needed]",
            "lines = [",
            "    line",
            "    for line in lines",
            "    if not any(line[at].strip() in MISSING for at in places_needed)",
            "]",
        ]

    def _targets(self) -> list[str]:
        """Return what reads what is learned."""
        if not self.classes:
            return _array("targets", self._columns(self.targets))
        target = f"columns[{quoted(self.targets[0])}]"
        if isinstance(kind := self._kind(self.targets[0]), TruthColumn):
            return call("targets = np.array", [f"truths({target}, {_texts(kind.yes)})", "int"])
        return [
            *_assigned("classes", self.classes),
            *_fitting("cells = ", target),
            "targets = np.array([classes.index(cell) for cell in cells])",
        ]

    def _columns(self, names: Sequence[str]) -> Iterator[str]:
        """Yield what reads each column; those of numbers that follow each other in one."""
        run: list[str] = []
        for name in [*names, ""]:
            kind = self._kind(name)
            if name and isinstance(kind, NumberColumn):
                run.append(name)
                continue
            if len(run) == 1:
                yield f"numbers(columns[{quoted(run[0])}])"
            elif run:
                yield f"*(numbers(columns[name]) for name in {listed(map(quoted, run))})"
            run = []
            column = f"columns[{quoted(name)}]"
            match kind:
                case CategoryColumn():
                    values = listed(map(quoted, map(str.strip, kind.values or ())))
                    yield "\n".join(call("places", [column, values], WIDTH - 13))
                case TruthColumn():
                    yield "\n".join(call("truths", [column, _texts(kind.yes)], WIDTH - 13))
                case DateColumn():
                    yield f"*{self._dates[name]}({column})"

    @cached_property
    def _dates(self) -> Mapping[str, str]:
        """The function that reads each column of dates, by the column's name."""
        kinds: dict[tuple[object, ...], str] = {}
        called = {}
        for name in self.inputs:
            if isinstance(kind := self._kind(name), DateColumn):
                key = kind.format, *kind.parts
                number = f"_{len(kinds) + 1}" if kinds and key not in kinds else ""
                called[name] = kinds.setdefault(key, f"date_parts{number}")
        return called

    def _helpers(self, lines: str) -> Iterator[str]:
        """Yield the functions that read cells, as far as these lines call them."""
        dates = {self._dates[name]: self._kind(name) for name in self._dates}
        called = [name for name in _CALLED if f"{name}(" in lines]
        if called or dates or "MISSING" in lines:
            yield from ["\n".join(_assigned("MISSING", self._missing))]
        if "numbers" in called:
            parts = ["np.nan", "if cell in MISSING", f"else float({self._cell})"]
            if len(number := " ".join(parts)) > WIDTH - 8:
                number = "\n    ".join(parts)
            read = _fitting("return ", f"[{number} for cell in cells]")
            yield define("numbers", "Return cells as numbers, NaN for none.", read, "cells")
        yield from (_CALLED[name] for name in called if _CALLED[name])
        for name, kind in dates.items():
            if isinstance(kind, DateColumn):
                yield _date_function(name, kind)

    @property
    def _missing(self) -> list[str]:
        return list(dict.fromkeys(["", *(text.strip() for text in self.missing)]))


_NUMBER: Final = NumberColumn()

_CALLED: Final[Mapping[str, str]] = {
    "numbers": "",
    "places": '''\
def places(cells, values):
    """Return the place of each cell's value, one past them for any other."""
    place = {value: index for index, value in enumerate(values)}
    return [
        np.nan if cell in MISSING else place.get(cell, len(values))
        for cell in cells
    ]''',
    "truths": '''\
def truths(cells, yes):
    """Return 1 for each cell that says yes, 0 for no, NaN for neither."""
    return [
        np.nan if cell in MISSING else float(cell.casefold() in yes)
        for cell in cells
    ]''',
}
"""The functions that read columns of cells; that of numbers follows from how they are written."""

Part = Literal["year", "month", "day", "weekday", "yearday", "hour", "days"]

_PARTS: Final[Mapping[Part, str]] = {
    "year": "date.year",
    "month": "date.month",
    "day": "date.day",
    "weekday": "date.weekday()",
    "yearday": "date.timetuple().tm_yday",
    "hour": "date.hour + date.minute / 60",
    "days": "(date - datetime(1970, 1, 1)).total_seconds() / 86400",
}
"""What a part of a date is in Python."""


def _date(kind: DateColumn) -> str:
    """Return what makes a date of a cell."""
    return f"datetime.strptime(cell, {quoted(kind.format)})"


def _date_function(name: str, kind: DateColumn) -> str:
    """Return the function that reads a column of dates."""
    lines = [
        "rows = []",
        "for cell in cells:",
        "    if cell in MISSING:",
        f"        rows.append([np.nan] * {len(kind.parts)})",
        "        continue",
        f"    date = {_date(kind)}",
        *(["    date = date.astimezone(UTC).replace(tzinfo=None)"] if "%z" in kind.format else []),
        *(
            f"    {line}"
            for line in call("rows.append", [listed(_PARTS[part] for part in kind.parts)])
        ),
        "return list(zip(*rows))",
    ]
    return define(name, "Return the numbers of each date, NaN where there is none.", lines, "cells")


def _texts(texts: Iterable[str]) -> str:
    return listed(quoted(text.strip().casefold()) for text in texts)


def _array(name: str, columns: Iterable[str]) -> list[str]:
    """Return the lines that make an array of columns, [rows, columns]."""
    items = indent("\n".join(f"{each}," for each in columns), "    ")
    return [f"{name} = np.array(", *indent(f"[\n{items}\n]", "    ").split("\n"), ").T"]


def _fitting(head: str, made: str) -> list[str]:
    """Return an assignment; a list that is made of another in three lines where one is too long."""
    if len(head) + len(made) <= WIDTH - 4 or not made.startswith("["):
        return [f"{head}{made}"]
    each, cut, over = made[1:-1].rpartition(" for ")
    return [f"{head}[", f"    {each}", f"    {cut.strip()} {over}", "]"]


def _assigned(name: str, texts: Iterable[str]) -> list[str]:
    return f"{name} = {listed(map(quoted, texts))}".split("\n")
