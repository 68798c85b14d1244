"""What a plain program reads an archive of pictures by: numpy, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from ..errors import EpochalError
from ..text.source_code import define, listed, quoted
from .picture_files import GREY, TESTS, ReadPictures


def picture_program(
    path: str, read: ReadPictures, size: Sequence[int] | None, colour: Literal["grey", "rgb"]
) -> str:
    """Return ``draw_data()``: pixels from 0 to 255, channel by channel, and classes.

    Args:
        path: The archive.
        read: What was read of it.
        size: What pictures are brought to.
        colour: Whether they are grey, or red, green and blue.

    Raises:
        EpochalError: They lie in a folder, or are brought to another size.
    """
    if read.arrays is None:
        raise EpochalError(
            "data.path: no plain program can be written for a folder of pictures; save them as an "
            "archive, by np.savez(path, images=…, labels=…)"
        )
    if size is not None and tuple(size) != read.arrays.size:
        raise EpochalError(
            "data.size: no plain program can be written that brings pictures to another size; save "
            "them in this one, and leave it out"
        )
    lines = [*_reading(path, read), *_pixels(read.arrays.channels, colour), *_classes(read)]
    return define("draw_data", "Return the pictures of the archive.", lines)


def _reading(path: str, read: ReadPictures) -> Iterator[str]:
    """Yield what reads pictures and labels; those of a test set of its own stand last."""
    assert read.arrays is not None
    named = {"pictures": read.arrays.pictures, "labels": read.arrays.labels}
    yield f"with np.load({quoted(path)}) as archive:"
    for name, array, test in zip(named, named.values(), TESTS, strict=True):
        cells = f"archive[{quoted(array)}]"
        if read.tests:
            cells = f"np.concatenate([{cells}, archive[{quoted(test)}]])"
        yield f"    {name} = {cells}"


def _pixels(channels: int, colour: Literal["grey", "rgb"]) -> Iterator[str]:
    """Yield what makes rows of pictures.

    Args:
        channels: How many the arrays have; 0 where they have no axis for them.
        colour: What they are to become.
    """
    if colour == "grey" and channels >= len(GREY):
        yield "# How much of red, green and blue is grey, in shares of 65536."
        yield f"shares = np.array({GREY.tolist()})"
        yield "pictures = (pictures[..., :3] @ shares + 32768) >> 16"
    elif colour == "rgb":
        if channels == 0:
            yield "pictures = pictures[..., None]"
        if channels < len(GREY):
            yield "pictures = pictures.repeat(3, axis=3)"
        yield "pictures = pictures[..., :3].transpose(0, 3, 1, 2)"
    yield "inputs = pictures.reshape(len(pictures), -1)"


def _classes(read: ReadPictures) -> Iterator[str]:
    """Yield what makes classes of labels, numbers by size and texts as they were found."""
    assert read.arrays is not None
    if not read.arrays.has_words:
        yield "targets = np.unique(labels.ravel(), return_inverse=True)[1]"
    else:
        yield from f"classes = {listed(map(quoted, read.classes))}".split("\n")
        yield "cells = [label.strip() for label in labels.ravel()]"
        yield "targets = np.array([classes.index(cell) for cell in cells])"
    yield "return inputs, targets"
