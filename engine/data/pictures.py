"""Pictures of one's own: a folder with a folder for each class, or an NPZ archive.

How they are read is ``engine.data.picture_files``. A row is a picture's pixels from 0 to 255,
channel by channel and line by line; layers take it as [channels, height, width].
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field
from typing_extensions import override

from ..components.section import Count
from ..errors import DataError
from .base import DataBase, Examples, Shape
from .picture_files import ReadPictures, read_pictures, state_of
from .picture_program import picture_program
from .splits import Rows, Sizes, cut


class Pictures(DataBase):
    """Pictures in classes: a folder of PNG and JPEG files, or an NPZ archive, as MNIST has it."""

    place: ClassVar[int] = 7

    measured: ClassVar[bool] = True
    paths: ClassVar[tuple[str, ...]] = ("path",)

    kind: Literal["pictures"] = "pictures"
    path: Annotated[str, Field(min_length=1, max_length=4096)]
    """A folder in which each class has a folder of pictures, or an archive that ends in ``.npz``
    with ``x_train`` and ``y_train`` (and ``x_test`` and ``y_test``, which are then the test set),
    ``images`` and ``labels``, or ``x`` and ``y``: [rows, height, width], channels last."""
    split_by: Literal["rows", "folders"] = "rows"
    """How the pictures are parted: ``"rows"`` shuffles them; ``"folders"`` goes by folders called
    ``train``, ``dev`` (or ``val``) and ``test``, in each of which each class has one. Where there
    is none for dev, two numbers of ``split`` part ``train`` into train and dev."""
    size: Annotated[list[Count], Field(min_length=2, max_length=2)] | None = None
    """The height and the width that every picture is brought to, whatever its proportions. Where
    it is left out they stay as they are, and must be alike."""
    colour: Literal["grey", "rgb"] = "grey"
    """Whether pictures become grey, one channel, or have three: red, green and blue."""
    scale_inputs: Literal["unit", "none", "standard", "range"] = "unit"  # type: ignore[assignment]
    """How pixels are scaled: ``"unit"`` makes 0 … 255 to 0 … 1; ``"standard"`` gives each pixel
    mean 0 and standard deviation 1, ``"range"`` 0 … 1, both over the training set."""

    @functools.cached_property
    def _read(self) -> ReadPictures:
        """What was read; once validated, this never changes, whatever becomes of the files.

        Raises:
            DataError: It cannot be read.
        """
        path, size = Path(self.path), tuple(self.size) if self.size else None
        in_sets = self.split_by == "folders"
        return _read(path, state_of(path, in_sets=in_sets), size, self.colour, in_sets)

    @property
    @override
    def shape(self) -> Shape:
        names = _names(*self.row_shape)
        return Shape(len(self._read.labels), names, self._read.classes, has_classes=True)

    @property
    @override
    def row_shape(self) -> tuple[int, ...]:
        return self._read.pixels.shape[1:]

    @property
    @override
    def rows(self) -> int:
        return len(self._read.labels)

    @property
    @override
    def sizes(self) -> Sizes:
        whole, tests, devs = self.rows, self._read.tests, self._read.devs
        if devs:
            return whole - devs - tests, devs, tests
        if not tests:
            return super().sizes
        parts = self.split or [1.0]
        rows = [int(p) if isinstance(p, int) else round(p * (whole - tests)) for p in parts]
        return (rows[0], sum(rows[1:2]), tests)

    @property
    @override
    def is_parted(self) -> bool:
        return super().is_parted or bool(self._read.tests or self._read.devs)

    @override
    def rows_of_sets(self, order: Rows) -> list[Rows]:
        """Return which rows each set has; a set that the data has of its own stays as it is."""
        tests, devs = self._read.tests, self._read.devs
        if not tests and not devs:
            return super().rows_of_sets(order)
        first = self.rows - tests
        if devs:
            train = order[order < first - devs]
            return [train, np.arange(first - devs, first), np.arange(first, self.rows)]
        train, dev, _ = cut(order[order < first], self.sizes[:2])
        return [train, dev, np.arange(first, self.rows)]

    @property
    def own_tests(self) -> int:
        """How many of the last rows are a test set that the data has of its own."""
        return self._read.tests

    @property
    @override
    def files(self) -> list[Mapping[str, Any]]:
        read = self._read
        return [{"name": Path(self.path).name, "size": read.size, "sha256": read.sha256}]

    @override
    def draw(self, rng: np.random.Generator) -> Examples:
        """The pictures as they were read, [rows, pixels] from 0 to 255."""
        pixels = self._read.pixels
        return Examples(pixels.reshape(len(pixels), -1), self._read.labels.copy())

    @override
    def program(self) -> str:
        return picture_program(self.path, self._read, self.size, self.colour)

    def _problems(self) -> Iterator[str]:
        try:
            tests, devs = self._read.tests, self._read.devs
        except DataError as error:
            yield f"path: {error}"
            return
        if devs and self.split is not None:
            yield "split: each set has a folder of its own; leave it out"
        elif tests and self.split is not None and len(self.split) > 2:
            yield (
                "split: there is a test set of its own, so it parts the others into train and dev "
                "alone: give two numbers"
            )
        elif tests and self.split and sum(self.sizes) > self.rows:
            yield f"split: asks for {sum(self.sizes[:2])} rows of {self.rows - tests}"
        else:
            yield from super()._problems()


@functools.cache
def _names(channels: int, height: int, width: int) -> list[str]:
    """Return what the pixels are called: ``1x1``, row and column; ``red 1x1`` in colour."""
    lines, columns = range(1, height + 1), range(1, width + 1)
    names = [f"{line}x{column}" for line in lines for column in columns]
    if channels == 1:
        return names
    return [f"{colour} {name}" for colour in ("red", "green", "blue") for name in names]


@functools.lru_cache(maxsize=2)
def _read(
    path: Path,
    state: tuple[Any, ...],
    size: tuple[int, int] | None,
    colour: Literal["grey", "rgb"],
    in_sets: bool,
) -> ReadPictures:
    """Read pictures; anew where their ``state`` is new."""
    return read_pictures(path, size, colour, in_sets=in_sets)
