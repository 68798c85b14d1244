"""Preprocessing: the whole way from a row's typed columns to what the network sees.

    columns ─► codes ─► filled, a feature for each value ─► computed ─► scaled
    38, "nurse"   a number each: a category's place among its values, NaN where one is missing

What is learned from data, what stands for a missing value and how features are scaled, was learned
from the training set alone. All of it is kept in the recording, so that whoever asks the network
afterwards goes the same way. It knows neither files nor presets.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from functools import cached_property
from typing import Any, Final, Literal, Self, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import DataError, RequestError
from ..text.spelling import show
from .features import Features
from .scaling import ColumnScaling, Real

Floats = NDArray[np.float64]

ColumnType = Literal["number", "category", "truth"]
"""What the cells of a column are."""

Missing = Literal["refuse", "drop", "mean", "median", "most-common", "own"]
"""What becomes of a row without a value: it is refused, left out, given what the training set has,
or, of a category, one that is missing is a value of its own."""

LEARNED: Final = ("mean", "median", "most-common")
"""The ways of which a value stands for a missing one."""


@dataclass(frozen=True, kw_only=True)
class RawColumn:
    """A column as it comes, and the features that it becomes.

    A number is one feature. A truth value is one, 0 or 1. A category is one for each of its values,
    1 for that of the row, and one each for any other value and for none where these are wanted.
    """

    name: str
    kind: ColumnType = "number"
    missing: Missing = "refuse"
    """What becomes of a row without a value."""
    of: str = ""
    """The date that it is a part of; empty where it is a column of its own."""
    indicator: str = ""
    """The name of the feature that is 1 where the value is missing; empty where there is none."""
    values: tuple[str, ...] = ()
    """The values of a category; a row's code is the place of its own."""
    rest: bool = False
    """Whether a category has a feature for all other values, whose code is ``len(values)``."""
    fill: float | None = None
    """What stands for a missing value, as the training set has it."""

    @property
    def features(self) -> list[str]:
        """The names of the features that it becomes."""
        if self.kind != "category":
            return [self.name, *([self.indicator] if self.indicator else [])]
        rest = ["(rest)"] if self.rest else []
        own = ["(missing)"] if self.missing == "own" else []
        return [f"{self.name}={value}" for value in (*self.values, *rest, *own)]

    def fitted(self, codes: Floats) -> Self:
        """Return it with what stands for a missing value, learned from the training set's codes.

        Raises:
            DataError: None of its rows has a value.
        """
        if self.missing not in LEARNED:
            return self
        there = codes[~np.isnan(codes)]
        if not len(there):
            raise DataError(
                f"column {show(self.name)}: no row of the training set has a value, so there is no "
                f"{self.missing} one; leave the column out by data.inputs"
            )
        if self.missing == "most-common":
            values, counts = np.unique(there, return_counts=True)
            return replace(self, fill=float(values[counts.argmax()]))
        return replace(self, fill=float(getattr(np, self.missing)(there)))

    def encoded(self, codes: Floats) -> Floats:
        """Return its codes [rows] as features [rows, features], not scaled."""
        gaps = np.isnan(codes)
        filled = codes if self.fill is None else np.where(gaps, self.fill, codes)
        if self.kind != "category":
            return np.stack([filled, *([gaps] if self.indicator else [])], axis=1)
        hits = (filled[:, None] == np.arange(len(self.values) + self.rest)).astype(np.float64)
        own = [gaps[:, None]] if self.missing == "own" else []
        made = np.concatenate([hits, *own], axis=1)
        # A code that stands for nothing is no row of zeros: what is said of it is NaN.
        made[~made.any(axis=1)] = np.nan
        return made

    def codes(self, cells: ArrayLike) -> Floats:
        """Return typed cells [rows] as codes.

        Args:
            cells: Numbers, NaN where one is missing; truth values or 0 and 1; texts of a category,
                empty or None where one is missing.

        Raises:
            RequestError: One is missing where nothing stands for it, or cannot be had.
        """
        if self.kind == "category":
            # Texts beside None or NaN: an array of texts would make words of these.
            typed = list(np.asarray(cells, object).ravel())
            codes = np.array([self._place(cell) for cell in typed], np.float64)
        else:
            try:
                codes = np.asarray(cells, np.float64).ravel()
            except (TypeError, ValueError):
                wrong = f"column {show(self.name)}: has something else than numbers"
                raise RequestError(wrong) from None
        self._check_there(codes)
        return codes

    def _place(self, cell: Any) -> float:
        if cell is None or cell == "" or cell != cell:
            return np.nan
        label = label_of(cell)
        if label in self._places:
            return self._places[label]
        if not self.rest:
            raise RequestError(f"column {show(self.name)}: {self.unknown(label)}")
        return float(len(self.values))

    @cached_property
    def _places(self) -> Mapping[str, float]:
        return {value: float(place) for place, value in enumerate(self.values)}

    def unknown(self, label: str) -> str:
        """Say that a value is none of the category's."""
        listed = ", ".join(map(show, self.values[:20])) + ", …" * (len(self.values) > 20)
        return f"{show(label)} is none of its values; they are {listed}"

    def _check_there(self, codes: Floats) -> None:
        """Refuse a category or truth value that is missing and for which nothing stands.

        A missing number stays one: what a network says of NaN is NaN.
        """
        if self.kind == "number" or self.missing not in ("refuse", "drop"):
            return
        if (gaps := np.isnan(codes)).any():
            row = int(np.flatnonzero(gaps)[0])
            raise RequestError(f"row {row}, column {show(self.name)}: has no value")

    def text(self, code: float) -> str | float:
        """Return a code as the cell that it stands for: a number, or a text."""
        if np.isnan(code) and (self.kind != "number" or self.missing != "refuse"):
            return "(missing)"
        if self.kind == "truth":
            return "yes" if code else "no"
        if self.kind == "category":
            return [*self.values, "(rest)"][int(code)]
        return float(code)


def label_of(cell: Any) -> str:
    """Return a cell as the name of a category: 1.0 and 1 are one; empty where there is no value."""
    if isinstance(cell, str):
        return cell.strip()
    number = float(cell)
    if not np.isfinite(number):
        return ""
    return str(int(number)) if number.is_integer() else repr(number)


@dataclass(frozen=True, eq=False)
class Preprocessing:
    """What takes a row's columns to what the network was trained on."""

    columns: tuple[RawColumn, ...]
    """The columns that go in, in their order; a date is one of numbers for each of its parts."""
    scaling: ColumnScaling
    """How the features are scaled. Those that are 0 or 1 never are."""
    computed: Features | None = None
    """The features, where they are computed of what the columns give; none where they are these."""

    @classmethod
    def filled(
        cls, columns: Sequence[RawColumn], codes: NDArray[Any], computed: Features | None = None
    ) -> Self:
        """Return what a training set asks for, which scales nothing yet.

        Args:
            columns: Which there are.
            codes: The training set's, [rows, columns].
            computed: The features, where they are computed.

        Raises:
            DataError: A column has nothing to learn from.
        """
        if len(codes):
            pairs = zip(columns, codes.T, strict=True)
            columns = [column.fitted(rows) for column, rows in pairs]
        return cls(tuple(columns), ColumnScaling.nothing(1), computed)

    def with_scaling(self, scaling: ColumnScaling) -> Self:
        """Return it with how the features are scaled."""
        return replace(self, scaling=scaling)

    @cached_property
    def given_names(self) -> list[str]:
        """What is called what the columns give: the features, unless these are computed of it."""
        return [name for column in self.columns for name in column.features]

    @property
    def feature_names(self) -> list[str]:
        """What the features are called."""
        return self.given_names if self.computed is None else list(self.computed.texts)

    @cached_property
    def numeric(self) -> NDArray[np.bool_]:
        """Which features are numbers, and not 0 or 1: [features]."""
        if self.computed is not None:
            return np.ones(len(self.computed.texts), bool)
        return np.array(
            [
                column.kind == "number" and place == 0
                for column in self.columns
                for place in range(len(column.features))
            ],
            bool,
        )

    @cached_property
    def is_plain(self) -> bool:
        """Whether every column is a number that is its own feature."""
        return all(column == RawColumn(name=column.name) for column in self.columns)

    @property
    def changes_nothing(self) -> bool:
        """Whether the network sees the columns as they come."""
        return self.is_plain and self.computed is None and self.scaling.changes_nothing

    def encoded(self, codes: NDArray[Any]) -> NDArray[Any]:
        """Return codes [rows, columns] as what they give: features, or what these are of."""
        if self.is_plain:
            return codes
        pairs = zip(self.columns, codes.T, strict=True)
        return np.concatenate([column.encoded(rows) for column, rows in pairs], axis=1)

    def codes(self, columns: Mapping[str, ArrayLike]) -> Floats:
        """Return typed columns by name as codes, [rows, columns]; any other columns are left out.

        Raises:
            RequestError: One is not there, or has a cell that cannot be had.
        """
        lacking = [column.name for column in self.columns if column.name not in columns]
        if lacking:
            raise RequestError(f"there is no column {', '.join(map(show, lacking[:5]))}")
        return np.stack([column.codes(columns[column.name]) for column in self.columns], axis=1)

    def scaled(self, codes: NDArray[Any], dtype: Real = np.float32) -> NDArray[Any]:
        """Return codes [rows, columns] as the network was trained on them, [rows, features]."""
        given = self.encoded(codes)
        features = given if self.computed is None else self.computed.of(given)
        return self.scaling.apply(features, dtype)

    def features(self, columns: Mapping[str, ArrayLike], dtype: Real = np.float32) -> NDArray[Any]:
        """Return typed columns by name as the network was trained on them: [rows, features].

        Raises:
            RequestError: One is not there, or has a cell that cannot be had.
        """
        return self.scaled(self.codes(columns), dtype)

    def plain(self) -> dict[str, Any]:
        """Return it as plain values, for a recording's header or beside exported weights."""
        computed = {} if self.computed is None else {"features": list(self.computed.texts)}
        return {"columns": self.plain_columns(), **computed, **self.scaling.plain("input")}

    def plain_columns(self) -> list[dict[str, Any]]:
        """Return the columns as plain values: of each what differs from a number as it stands."""
        usual = asdict(RawColumn(name=""))
        return [
            {key: value for key, value in asdict(column).items() if value != usual[key]}
            for column in self.columns
        ]

    @classmethod
    def from_plain(cls, made: Mapping[str, Any]) -> Self:
        """Return what ``plain`` has said.

        Raises:
            ValueError: It is nothing of the sort.
        """
        columns = tuple(map(_column, made["columns"]))
        whole = cls(columns, ColumnScaling.from_plain(made, "input"))
        if texts := made.get("features"):
            computed = Features(tuple(texts), tuple(whole.given_names))
            if wrong := next(computed.problems(), ""):
                raise ValueError(wrong)
            whole = replace(whole, computed=computed)
        shapes = {whole.scaling.shift.shape, whole.scaling.scale.shape}
        if not shapes <= {(1,), (len(whole.feature_names),)}:
            raise ValueError("is scaled in another number of features")
        return whole


def given_by(columns: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return what is called what columns give, which are written as ``plain_columns`` does it.

    Raises:
        KeyError, TypeError, ValueError: One of them is none.
    """
    return [name for column in map(_column, columns) for name in column.features]


_KEYS: Final = {field.name: field for field in fields(RawColumn)}


def _column(made: Mapping[str, Any]) -> RawColumn:
    """Return a column as it was written.

    Raises:
        ValueError: It is none.
    """
    said = {key: made[key] for key in _KEYS if key in made}
    said["values"] = tuple(map(str, said.get("values", ())))
    column = RawColumn(**said)
    kinds = column.kind in get_args(ColumnType) and column.missing in get_args(Missing)
    fits = isinstance(column.name, str) and isinstance(column.fill, float | int | None)
    if not (kinds and fits):
        raise ValueError(f"is no column ({show(str(column.name))})")
    return column
