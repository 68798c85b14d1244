"""The data: each kind a table of a preset, with the function that draws it.

Everything here is numpy, so that a viewer can draw the points without torch. To add a kind, add
its class here and to ``Data``.

Inputs are [rows, features] float32. Targets are [rows, outputs] float32 for numbers, [rows]
int64 for classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, BeforeValidator, Field, model_validator
from typing_extensions import override

from engine.expressions import Expression
from engine.randomness import generator
from engine.section import Count, NonNegative, Number, Section, named

Inputs = NDArray[np.float32]
Targets = NDArray[Any]

Samples = Annotated[int, Field(ge=1, le=10_000_000)]
ClassIndex = Annotated[int, Field(ge=0, lt=1000)]


@dataclass(frozen=True)
class Part:
    """One of the three sets, or a batch of one."""

    inputs: Inputs
    """[rows, features]."""
    targets: Targets
    """[rows, outputs] float32, or [rows] int64 for classes."""

    def __len__(self) -> int:
        return len(self.inputs)


@dataclass(frozen=True)
class Dataset:
    """The three sets of an experiment. Where every step draws fresh rows, ``train`` is empty."""

    train: Part
    dev: Part | None
    test: Part | None


class DataBase(Section):
    """What every kind of data has."""

    fresh: ClassVar[bool] = False
    """Whether every step draws fresh rows, so that there is no training set and no epoch."""

    split: list[Samples] | None = Field(default=None, min_length=1, max_length=3)
    """How many rows are for train, dev and test, taken from the shuffled rows in this order.
    All are for train where this is left out."""

    @property
    def rows(self) -> int:
        """How many rows there are in all."""
        raise NotImplementedError

    @property
    def input_names(self) -> list[str]:
        """The names of the features, one each."""
        return ["x", "y"]

    @property
    def target_names(self) -> list[str]:
        """The names of the outputs for numbers, of the classes for classes."""
        raise NotImplementedError

    @property
    def classes(self) -> int:
        """How many classes the targets name; 0 where they are numbers."""
        return 0

    @property
    def sizes(self) -> tuple[int, int, int]:
        """How many rows train, dev and test have."""
        sizes = [*(self.split or [self.rows]), 0, 0]
        return sizes[0], sizes[1], sizes[2]

    def draw(self, rng: np.random.Generator) -> Part:
        """Draw all rows, in their natural order."""
        raise NotImplementedError

    def draw_fresh(self, rng: np.random.Generator, rows: int) -> Part:
        """Draw ``rows`` new rows, where ``fresh`` says that every step has its own."""
        raise NotImplementedError

    @model_validator(mode="after")
    def _split_fits(self) -> DataBase:
        if self.split is not None and sum(self.split) > self.rows:
            raise ValueError(f"split: asks for {sum(self.split)} rows of {self.rows}")
        return self


class _Classified(DataBase):
    """Points of the plane in two classes."""

    samples: Samples = 1000
    """How many points, half of them in each class."""
    noise: NonNegative = 0.1
    """Standard deviation of the normal noise on both coordinates."""

    @property
    @override
    def rows(self) -> int:
        return self.samples

    @property
    @override
    def target_names(self) -> list[str]:
        return ["0", "1"]

    @property
    @override
    def classes(self) -> int:
        return 2

    def shape(self, first: int, second: int, rng: np.random.Generator) -> tuple[Any, Any]:
        """Return the two classes' points before the noise: [first, 2] and [second, 2]."""
        raise NotImplementedError

    @override
    def draw(self, rng: np.random.Generator) -> Part:
        first, second = self.samples - self.samples // 2, self.samples // 2
        points = np.concatenate(self.shape(first, second, rng))
        points = points + rng.normal(0.0, self.noise, points.shape)
        labels = np.concatenate([np.zeros(first, np.int64), np.ones(second, np.int64)])
        return Part(points.astype(np.float32), labels)


class Moons(_Classified):
    """Two interleaved half circles of radius 1, as in scikit-learn's ``make_moons``."""

    kind: Literal["moons"] = "moons"

    def shape(self, first: int, second: int, rng: np.random.Generator) -> tuple[Any, Any]:
        """The upper one around (0, 0), the lower one around (1, 0.5)."""
        upper, lower = np.linspace(0, np.pi, first), np.linspace(0, np.pi, second)
        return (
            np.stack([np.cos(upper), np.sin(upper)], axis=1),
            np.stack([1 - np.cos(lower), 0.5 - np.sin(lower)], axis=1),
        )


class Circles(_Classified):
    """A circle around another, as in scikit-learn's ``make_circles``."""

    kind: Literal["circles"] = "circles"
    factor: float = Field(default=0.5, gt=0, lt=1)
    """Radius of the inner circle; the outer one has 1."""

    def shape(self, first: int, second: int, rng: np.random.Generator) -> tuple[Any, Any]:
        """The outer one first."""
        outer = np.linspace(0, 2 * np.pi, first, endpoint=False)
        inner = np.linspace(0, 2 * np.pi, second, endpoint=False)
        return (
            np.stack([np.cos(outer), np.sin(outer)], axis=1),
            np.stack([np.cos(inner), np.sin(inner)], axis=1) * self.factor,
        )


class Spirals(_Classified):
    """Two spirals wound into each other: hard for a shallow network."""

    kind: Literal["spirals"] = "spirals"
    turns: float = Field(default=1.5, gt=0, le=10)
    """How often each winds around the middle."""

    def shape(self, first: int, second: int, rng: np.random.Generator) -> tuple[Any, Any]:
        """The second is the first turned by half a circle; both end at radius 2."""

        def arm(count: int, start: float) -> NDArray[np.float64]:
            along = np.sqrt(np.linspace(0.01, 1, count))
            angle = start + along * self.turns * 2 * np.pi
            return np.stack([2 * along * np.cos(angle), 2 * along * np.sin(angle)], axis=1)

        return arm(first, 0.0), arm(second, np.pi)


class Xor(_Classified):
    """A square in four quarters, opposite ones of the same class: no line tells them apart."""

    kind: Literal["xor"] = "xor"

    def shape(self, first: int, second: int, rng: np.random.Generator) -> tuple[Any, Any]:
        """Uniform over [-1, 1]²; class 1 where exactly one coordinate is negative."""
        same = np.abs(rng.uniform(-1, 1, (first, 2)))
        other = np.abs(rng.uniform(-1, 1, (second, 2)))
        signs = np.where(rng.random((first, 1)) < 0.5, -1, 1)
        flips = np.where(rng.random((second, 1)) < 0.5, -1, 1)
        return same * signs, other * np.concatenate([flips, -flips], axis=1)


def _is_expression(text: str) -> str:
    Expression(text)
    return text


class Function(DataBase):
    """Functions of x, on evenly spaced points."""

    kind: Literal["function"] = "function"
    domain: list[Number] = Field(default=[-1.0, 1.0], min_length=2, max_length=2)
    """The first and the last x."""
    points: Samples = 100
    """How many values of x, evenly spaced, both ends included."""
    targets: list[Annotated[str, AfterValidator(_is_expression)]] = Field(
        default=["x**3"], min_length=1, max_length=64
    )
    """What the network is to learn, as expressions of x such as ``"x * exp(x)"``."""
    noise: NonNegative = 0.0
    """Standard deviation of the normal noise on the targets."""

    @property
    @override
    def rows(self) -> int:
        return self.points

    @property
    @override
    def input_names(self) -> list[str]:
        return ["x"]

    @property
    @override
    def target_names(self) -> list[str]:
        return list(self.targets)

    def draw(self, rng: np.random.Generator) -> Part:
        """Evaluate the targets, then add the noise."""
        x = np.linspace(self.domain[0], self.domain[1], self.points)
        values = np.stack([Expression(text)(x) for text in self.targets], axis=1)
        noisy = values + self.noise * rng.standard_normal(values.shape)
        return Part(x[:, None].astype(np.float32), noisy.astype(np.float32))

    @model_validator(mode="after")
    def _targets_are_finite(self) -> Function:
        if not self.domain[0] < self.domain[1]:
            raise ValueError(f"domain: must rise from its first to its last x (got {self.domain})")
        x = np.linspace(self.domain[0], self.domain[1], min(self.points, 1000))
        for text in self.targets:
            values = Expression(text)(x)
            bad = ~np.isfinite(values) | (np.abs(values) > np.finfo(np.float32).max)
            if bad.any():
                raise ValueError(
                    f"targets: {text!r} is {values[bad][0]} at x = {x[bad][0]:g}; "
                    "change it or the domain"
                )
        return self


class Table(DataBase):
    """Rows written into the preset, with a class or numbers for each."""

    kind: Literal["table"] = "table"
    inputs: list[list[Number]] = Field(min_length=1, max_length=10_000)
    """One list of features for each row."""
    targets: list[ClassIndex] | list[list[Number]] = Field(min_length=1, max_length=10_000)
    """For each row the index of its class, from 0, or a list of numbers."""

    @property
    @override
    def rows(self) -> int:
        return len(self.inputs)

    @property
    @override
    def input_names(self) -> list[str]:
        features = len(self.inputs[0])
        return ["x", "y"] if features == 2 else [f"x{i + 1}" for i in range(features)]

    @property
    @override
    def target_names(self) -> list[str]:
        if self.classes:
            return [str(index) for index in range(self.classes)]
        return [f"y{i + 1}" for i in range(len(self._numbers()[0]))]

    @property
    @override
    def classes(self) -> int:
        first = self.targets[0]
        return 1 + max(t for t in self.targets if isinstance(t, int)) if _is_int(first) else 0

    def draw(self, rng: np.random.Generator) -> Part:
        """The rows as they stand."""
        targets = np.array(self.targets, np.int64 if self.classes else np.float32)
        return Part(np.array(self.inputs, np.float32), targets)

    def _numbers(self) -> list[list[float]]:
        return [target for target in self.targets if isinstance(target, list)]

    @model_validator(mode="after")
    def _is_rectangular(self) -> Table:
        if len(self.targets) != len(self.inputs):
            raise ValueError(f"has {len(self.inputs)} inputs and {len(self.targets)} targets")
        _same_width("inputs", self.inputs)
        if numbers := self._numbers():
            _same_width("targets", numbers)
        return self


def _is_int(value: object) -> bool:
    return isinstance(value, int)


def _same_width(key: str, rows: Sequence[Sequence[float]]) -> None:
    width = len(rows[0])
    if width == 0:
        raise ValueError(f"{key}[0]: must not be empty")
    for index, row in enumerate(rows):
        if len(row) != width:
            raise ValueError(f"{key}[{index}]: has {len(row)} numbers, {key}[0] has {width}")


class Sum(DataBase):
    """Whole numbers drawn afresh for every step; the target is their sum."""

    fresh: ClassVar[bool] = True
    kind: Literal["sum"] = "sum"
    terms: Annotated[int, Field(ge=1, le=10_000)] = 30
    """How many numbers a row has."""
    highest: Count = 100
    """Numbers are drawn from 0 to this, both included."""
    divide_by: float = Field(default=100.0, ge=1e-6, le=1e30)
    """What the numbers are divided by, inputs and target alike."""
    split: None = None
    """There is nothing to split: every step draws fresh rows."""

    @property
    @override
    def rows(self) -> int:
        return 0

    @property
    @override
    def input_names(self) -> list[str]:
        return [f"x{i + 1}" for i in range(self.terms)]

    @property
    @override
    def target_names(self) -> list[str]:
        return ["sum"]

    def draw(self, rng: np.random.Generator) -> Part:
        """There is no set of rows: none."""
        return self.draw_fresh(rng, 0)

    def draw_fresh(self, rng: np.random.Generator, rows: int) -> Part:
        """Draw ``rows`` rows."""
        numbers = rng.integers(0, self.highest, (rows, self.terms), endpoint=True)
        inputs = (numbers / self.divide_by).astype(np.float32)
        targets = (numbers.sum(axis=1, keepdims=True) / self.divide_by).astype(np.float32)
        return Part(inputs, targets)


Data = Annotated[
    Moons | Circles | Spirals | Xor | Function | Table | Sum,
    Field(discriminator="kind"),
    BeforeValidator(named("moons", "kind")),
]
"""A data table, told apart by ``kind``."""


def load(spec: DataBase, seed: int) -> Dataset:
    """Draw an experiment's data and part it into train, dev and test.

    The rows are shuffled before they are parted, and left in their order where they are not.

    Args:
        spec: The preset's ``data``.
        seed: The experiment's seed.
    """
    whole = spec.draw(generator(seed, "data"))
    if spec.split is None:
        return Dataset(whole, None, None)
    order = generator(seed, "split").permutation(len(whole))
    ends = np.cumsum(spec.sizes)
    train, dev, test = (
        Part(whole.inputs[rows], whole.targets[rows])
        for rows in (order[: ends[0]], order[ends[0] : ends[1]], order[ends[1] : ends[2]])
    )
    return Dataset(train, dev if len(dev) else None, test if len(test) else None)
