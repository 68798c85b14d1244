"""What every kind of data has, and what drawing it gives.

Inputs are [rows, features]. Targets are [rows, outputs] for numbers, [rows] int64 for classes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Final, Literal, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ..components.section import Section, check_whole, is_entry
from ..errors import EpochalError
from .features import Features
from .preprocessing import Preprocessing, RawColumn
from .scaling import Scale, Scaling
from .splits import Rows, cut

Inputs = NDArray[Any]
Targets = NDArray[Any]

RNG: Final = "rng = np.random.default_rng(stream(DATA))"
"""The line of a program that makes where the random numbers of its data come from."""

Samples = Annotated[int, Field(ge=1, le=10_000_000)]
Share = Annotated[float, Field(gt=0, le=1)]


@dataclass(frozen=True)
class Examples:
    """One of the three sets, or a batch of one; once loaded, in numbers of the network's type."""

    inputs: Inputs
    """[rows, features]; as they are drawn, [rows, raw columns] of codes."""
    targets: Targets
    """[rows, outputs], or [rows] int64 for classes."""
    given: Inputs | None = None
    """[rows, inputs]: what the features were computed of, where that is something else."""

    def __len__(self) -> int:
        return len(self.inputs)

    def taken(self, rows: Any) -> Examples:
        """Return some of the rows, in an order of one's own."""
        given = None if self.given is None else self.given[rows]
        return Examples(self.inputs[rows], self.targets[rows], given)

    def original_inputs(self, scaling: Scaling) -> NDArray[np.float64]:
        """Return the inputs [rows, inputs] in the units of the data.

        Args:
            scaling: How these were scaled.
        """
        return scaling.inputs.undo(self.inputs) if self.given is None else self.given.astype(float)


@dataclass(frozen=True)
class Dataset:
    """The three sets of an experiment. Where every step draws fresh rows, ``train`` is empty."""

    train: Examples
    dev: Examples | None
    test: Examples | None
    preprocessing: Preprocessing
    """What made features of their columns, as fitted on ``train``."""
    scaling: Scaling
    """How these were scaled."""


class Shape(NamedTuple):
    """How many rows a kind of data has, and what its columns are."""

    rows: int
    """How many there are in all; 0 where every step draws fresh ones."""
    inputs: Sequence[str]
    """The names of the features, one each."""
    targets: Sequence[str]
    """The names of the outputs for numbers, of the classes for classes."""
    has_classes: bool = False
    """Whether the targets are classes."""
    meaning: Literal["numbers", "labels", "shares"] = "numbers"
    """What targets are that are no classes: numbers, labels of which a row may have several, each
    0 or 1, or the share that each class has in a row, which sum to 1."""


class DataBase(Section):
    """What every kind of data has."""

    fresh: ClassVar[bool] = False
    """Whether every step draws fresh rows, so that there is no training set and no epoch."""

    measured: ClassVar[bool] = False
    """Whether its numbers come from outside, as a year or a price in cents does that float32 has
    no room for; so they are scaled as they are and only then made the network's."""

    paths: ClassVar[tuple[str, ...]] = ()
    """The keys that are paths of files."""

    scaled_by: ClassVar[tuple[str, str] | None] = None
    """The key that its numbers are divided by, and the one whose value makes them small; for data
    that has no training set to be scaled by."""

    place: ClassVar[int]
    """Where it stands among the kinds, the simplest first."""

    split: (
        Annotated[list[Samples], Field(min_length=1, max_length=3)]
        | Annotated[list[Share], Field(min_length=1, max_length=3)]
        | None
    ) = None
    """How many rows are for train, dev and test, or which shares of them as in
    ``[0.7, 0.15, 0.15]``, taken from the shuffled rows in this order. All are for train where
    this is left out."""
    scale_inputs: Scale = "none"
    """How the inputs are scaled, column by column: ``"standard"`` to mean 0 and standard
    deviation 1, ``"range"`` to 0 … 1, both over the training set; dev and test set are moved by
    the same numbers."""
    scale_targets: Scale = "none"
    """How targets that are numbers are scaled: as ``scale_inputs``."""
    features: Annotated[list[str], Field(min_length=1, max_length=1000)] | None = None
    """What the network sees of a row in place of its inputs: expressions of them such as
    ``["x", "y", "x**2", "x*y", "sin(x)"]``, computed before anything is scaled. An input goes by
    its name where that is a word, and always by its place: ``x1``, ``x2`` and so on."""

    @property
    def shape(self) -> Shape:
        """How many rows there are, and what the columns are."""
        raise NotImplementedError

    @property
    def rows(self) -> int:
        """How many rows there are in all."""
        return self.shape.rows

    @property
    def given_names(self) -> list[str]:
        """The names of what a row gives, which the features are or are computed of."""
        return list(self.shape.inputs)

    @property
    def input_names(self) -> list[str]:
        """The names of the features, one each: of what the network sees."""
        return self.features or self.given_names

    @property
    def computed_features(self) -> Features | None:
        """The features, where they are computed of what a row gives."""
        if self.features is None:
            return None
        return Features(tuple(self.features), tuple(self.given_names))

    @property
    def row_shape(self) -> tuple[int, ...]:
        """The shape of a row as layers take it: a picture's, or [features]."""
        return (len(self.input_names),)

    @property
    def target_names(self) -> list[str]:
        """The names of the outputs for numbers, of the classes for classes."""
        return list(self.shape.targets)

    @property
    def class_count(self) -> int:
        """How many classes the targets name; 0 where they are numbers."""
        return len(self.shape.targets) if self.shape.has_classes else 0

    @property
    def target_kind(self) -> Literal["classes", "numbers", "labels", "shares"]:
        """What the targets are."""
        return "classes" if self.shape.has_classes else self.shape.meaning

    @property
    def sizes(self) -> tuple[int, int, int]:
        """How many rows train, dev and test have."""
        return self.sizes_asked

    @property
    def sizes_asked(self) -> tuple[int, int, int]:
        """How many rows ``split`` asks for in train, dev and test."""
        parts = [self.rows] if self.split is None else self.split
        if any(isinstance(part, float) for part in parts):
            # The ends are rounded, not the sizes: so shares of the whole leave no row over.
            ends = np.rint(np.cumsum([0.0, *parts]) * self.rows).astype(int)
            parts = np.diff(ends).tolist()
        train, dev, test, *_ = (*map(int, parts), 0, 0)
        return train, dev, test

    @property
    def is_parted(self) -> bool:
        """Whether there may be more sets than one."""
        return self.split is not None

    def rows_of_sets(self, order: Rows) -> list[Rows]:
        """Return which rows train, dev and test have.

        Args:
            order: All rows, shuffled.
        """
        return cut(order, self.sizes)

    @property
    def raw_columns(self) -> list[RawColumn]:
        """The columns that a row comes in, of which features are made."""
        return [RawColumn(name=name) for name in self.given_names]

    @property
    def files(self) -> list[Mapping[str, Any]]:
        """Name, size in bytes and SHA-256 of each file the rows come from."""
        return []

    @property
    def extent(self) -> tuple[float, float] | None:
        """From where to where pictures of two inputs go, both alike, in the units of the data.

        They go further where rows lie beyond. Where there is none, they go as far as the rows do.
        """
        return None

    @property
    def notices(self) -> list[str]:
        """What somebody should know of the rows before anything is trained, in a sentence each."""
        return []

    def draw(self, rng: np.random.Generator) -> Examples:
        """Draw all rows, in their natural order."""
        raise NotImplementedError

    def program(self) -> str:
        """Return the function of a plain program that computes the same, number for number.

        It is ``draw_data()``, or ``draw_rows(rng, count)`` where every step has its own rows.

        Raises:
            EpochalError: It cannot be written in a few lines.
        """
        kind = type(self).model_fields["kind"].default
        raise EpochalError(f"data.kind: no plain program can be written for {kind!r} data")

    def at_most(self, rows: int) -> Self:
        """Return data that looks the same with no more rows, as far as it makes its rows itself."""
        return self

    def curves(self, places: int) -> tuple[Inputs, Targets] | None:
        """Return what is to be learned without noise, where that is functions of one input.

        Returns:
            The inputs [places] and the functions' values [places, outputs].
        """
        return None

    def draw_fresh(self, rng: np.random.Generator, rows: int) -> Examples:
        """Draw ``rows`` new rows, where ``fresh`` says that every step has its own."""
        raise NotImplementedError

    def _problems(self) -> Iterator[str]:
        yield from self._split_problems()
        if (features := self.computed_features) is not None:
            yield from features.problems()
        if self.scale_targets != "none" and self.target_kind != "numbers":
            yield f"scale_targets: {self.target_kind} are no numbers to scale; leave it out"

    def _split_problems(self) -> Iterator[str]:
        if self.split is None:
            return
        total = sum(self.split)
        if isinstance(self.split[0], int):
            if total > self.rows:
                yield f"split: asks for {total} rows of {self.rows}"
        elif total > 1 + 1e-9:
            yield f"split: its shares come to {total:g}, more than 1"
        elif (sizes := self.sizes[: len(self.split)]) and 0 in sizes:
            share = self.split[sizes.index(0)]
            yield f"split: a share of {share:g} is not one of {self.rows} rows"

    @classmethod
    def __pydantic_init_subclass__(cls, **given: Any) -> None:
        """Hold every kind to be whole.

        Raises:
            TypeError: It lacks something.
        """
        if is_entry(cls):
            drawing = "draw_fresh" if cls.fresh else "draw"
            check_whole(cls, DataBase, ("kind", "place", "shape", drawing, "program"))
