"""Pictures from files: a folder with a folder for each class in it, or an NPZ archive.

    pictures/cat/1.png, pictures/dog/7.jpg …     decoded by Pillow, brought to one size
    x_train, y_train, x_test, y_test             [n, height, width] or with [… channels], uint8
    images, labels  or  x, y                     the same without a test set of its own

Everything is counted before it is decoded, and no link is followed.
"""

from __future__ import annotations

import hashlib
import io
import math
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from ..text.files import read_file
from ..text.safe import plain
from ..text.spelling import show
from .columns import DAMAGED, declared_shape, read_array
from .picture_folders import files_of_sets
from .preprocessing import label_of

if TYPE_CHECKING:
    from PIL.Image import Image

MOST_FILES: Final = 200_000
"""Pictures of a folder."""

MOST_BYTES: Final = 50_000_000
"""Bytes of one picture's file."""

MOST_PIXELS: Final = 50_000_000
"""Pixels of one picture, before it is decoded."""

MOST_NUMBERS: Final = 65_536
"""Numbers of one picture as the network takes it: 256 by 256 in grey."""

MOST_IN_ALL: Final = 400_000_000
"""Numbers of all pictures together, a byte each: eight times those of 60 000 of 28 by 28."""

MOST_CLASSES: Final = 1000

Colour = Literal["grey", "rgb"]

SETS: Final = (("x_train", "y_train"), ("images", "labels"), ("x", "y"))
"""What the arrays of pictures and of their classes are called."""

TESTS: Final = ("x_test", "y_test")
"""The same of a test set."""

GREY: Final = np.array([19595, 38470, 7471])
"""How much of red, green and blue is grey, in shares of 65536, as Pillow has it."""


Pair = tuple[NDArray[Any], NDArray[Any]]
"""Pictures and their labels."""


@dataclass(frozen=True)
class PictureArrays:
    """How an archive has its pictures."""

    pictures: str
    """What it calls them."""
    labels: str
    """What it calls their labels."""
    size: tuple[int, int]
    """Height and width."""
    channels: int
    """The last axis; 0 where there is none for channels."""
    has_words: bool
    """Whether labels are texts, and not numbers."""


@dataclass(frozen=True, eq=False)
class ReadPictures:
    """Pictures, and what they show."""

    pixels: NDArray[np.uint8]
    """[rows, channels, height, width]."""
    labels: NDArray[np.int64]
    """[rows]: the place of each one's class."""
    classes: tuple[str, ...]
    tests: int
    """How many of the last rows are the test set that an archive has of its own, or a folder."""
    arrays: PictureArrays | None
    """How an archive has them; None of a folder."""
    size: int
    """Bytes of the file, or of all files."""
    sha256: str
    devs: int = 0
    """How many rows before those are the dev set that a folder has of its own."""


def read_pictures(
    path: Path, size: Sequence[int] | None, colour: Colour, *, in_sets: bool = False
) -> ReadPictures:
    """Read the pictures of a folder or of an archive.

    Args:
        path: Which.
        size: The height and the width that they are brought to; as they are where left out.
        colour: Whether they become grey, or red, green and blue.
        in_sets: Whether the folder has one for each set, in which each class has one.

    Raises:
        DataError: They cannot be read; says which, and why.
    """
    if size is not None:
        _check_size(size[0] * size[1] * (1 if colour == "grey" else 3))
    if path.is_dir():
        return _of_folder(path, size, colour, in_sets=in_sets)
    if in_sets:
        raise DataError(f"{plain(path.name)}: is no folder with one for each set")
    return _of_archive(path, size, colour)


def read_picture(path: Path, size: Sequence[int], colour: Colour) -> NDArray[np.uint8]:
    """Read one picture, [channels, height, width].

    Args:
        path: A PNG or a JPEG file.
        size: The height and the width that it is brought to.
        colour: Whether it becomes grey.

    Raises:
        DataError: It cannot be read.
    """
    _check_size(size[0] * size[1])
    called = plain(path.name)
    return decoded(_body(path, called), size, colour, called)


def state_of(path: Path, *, in_sets: bool = False) -> tuple[Any, ...]:
    """Return what changes when a folder's pictures or an archive do.

    Raises:
        DataError: It is not there.
    """
    try:
        if not path.is_dir():
            stat = path.stat()
            return (stat.st_mtime_ns, stat.st_size, stat.st_ino)
        return tuple(
            (str(each), stat.st_mtime_ns, stat.st_size)
            for files in files_of_sets(path, MOST_FILES, in_sets=in_sets)
            for each in files
            for stat in (each.stat(),)
        )
    except (OSError, ValueError) as error:
        raise DataError(f"{plain(path.name)}: cannot be read: {_reason(error)}") from None


# --- a folder ------------------------------------------------------------------------------


def _of_folder(
    path: Path, size: Sequence[int] | None, colour: Colour, *, in_sets: bool
) -> ReadPictures:
    train, devs, tests = files_of_sets(path, MOST_FILES, in_sets=in_sets)
    files = [*train, *devs, *tests]
    if len(files) > MOST_FILES:
        raise DataError(f"{plain(path.name)}: has more than {MOST_FILES} pictures")
    classes = sorted({file.parent.name for file in train})
    for file in (*devs, *tests):
        if file.parent.name not in classes:
            raise DataError(
                f"{plain(str(file.parent.relative_to(path)))}: is a class of which the training "
                "set has no picture; put some there, or leave the folder out"
            )
    if len(classes) < 2:
        raise DataError(
            f"{plain(path.name)}{'/train' * in_sets}: must have a folder for each class, two at "
            f"least, with .png or .jpg pictures in it (has {len(classes)})"
        )
    digest, total, rows = hashlib.sha256(), 0, list[NDArray[np.uint8]]()
    for file in files:
        called = plain(str(file.relative_to(path)))
        body = _body(file, called)
        digest.update(f"{called}\0{len(body)}\0".encode("utf-8", "replace") + body)
        total += len(body)
        pixels = decoded(body, size, colour, called)
        if not rows:
            _check_all(len(files) * pixels.size)
        elif pixels.shape != rows[0].shape:
            raise DataError(
                f"{called}: has {_words(pixels)}, the others have {_words(rows[0])}; set data.size"
            )
        rows.append(pixels)
    places = {name: place for place, name in enumerate(classes)}
    labels = np.array([places[file.parent.name] for file in files], np.int64)
    names = tuple(map(plain, classes))
    own = len(tests), None, total, digest.hexdigest(), len(devs)
    return ReadPictures(np.stack(rows), labels, names, *own)


def _body(file: Path, called: str) -> bytes:
    try:
        return read_file(file, MOST_BYTES)
    except OSError as error:
        raise DataError(f"{called}: {_reason(error)}") from None


def decoded(
    body: bytes, size: Sequence[int] | None, colour: Colour, called: str
) -> NDArray[np.uint8]:
    """Return a picture's pixels, [channels, height, width].

    Args:
        body: A PNG's or a JPEG's bytes.
        size: The height and the width that it is brought to.
        colour: Whether it becomes grey.
        called: What a message calls it.

    Raises:
        DataError: It is damaged, too large, or Pillow is not there.
    """
    try:
        from PIL import Image, ImageOps
    except ImportError:
        raise DataError("pictures need Pillow: pip install 'epochal[pictures]'") from None
    try:
        with Image.open(io.BytesIO(body), formats=("PNG", "JPEG")) as picture:
            if (wrong := _unfit(picture)) or math.prod(picture.size) > MOST_PIXELS:
                most = f"at most {MOST_PIXELS / 1e6:.0f} million are read"
                many = f"has {math.prod(picture.size) / 1e6:.0f} million pixels; {most}"
                raise DataError(f"{called}: {wrong or many}")
            # As it was held when it was taken: cameras turn what they say, not the pixels.
            turned = ImageOps.exif_transpose(picture)
            if turned.mode in ("P", "PA"):
                turned = turned.convert("RGBA")
            plainly = turned.convert("L" if colour == "grey" else "RGB")
            if size is not None and plainly.size != (size[1], size[0]):
                plainly = plainly.resize((size[1], size[0]), Image.Resampling.BILINEAR)
            pixels = np.array(plainly, np.uint8)
    except (*DAMAGED, SyntaxError, Image.DecompressionBombError) as error:
        what = plain(str(error))[:200]
        raise DataError(f"{called}: is no PNG or JPEG picture, or a damaged one: {what}") from None
    _check_size(pixels.size)
    return pixels[None] if pixels.ndim == 2 else np.ascontiguousarray(pixels.transpose(2, 0, 1))


def _unfit(picture: Image) -> str:
    """Say what a picture has that nobody would know how to read; nothing of most."""
    if picture.mode not in ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr"):
        return f"has pixels of the kind {picture.mode!r}; save it with 8 bits a channel"
    return "is animated; save one picture of it" if getattr(picture, "n_frames", 1) > 1 else ""


# --- an archive ----------------------------------------------------------------------------


def _of_archive(path: Path, size: Sequence[int] | None, colour: Colour) -> ReadPictures:
    name = plain(path.name)
    if path.suffix.lower() != ".npz":
        raise DataError(f"{name}: must be a folder of pictures, or an archive that ends in .npz")
    try:
        body = read_file(path, MOST_IN_ALL)
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            arrays, parts = _parts(archive)
    except DataError as error:
        raise DataError(f"{name}: {error}") from None
    except DAMAGED as error:
        reason = _reason(error) if isinstance(error, OSError) else plain(str(error))
        raise DataError(f"{name}: is no NPZ archive, or a damaged one: {reason}") from None
    try:
        pixels = np.concatenate([_as_rows(each, size, colour) for each, _ in parts])
    except ValueError:
        raise DataError(f"{name}: x_train and x_test have pictures of different sizes") from None
    labels = [label_of(cell) for _, given in parts for cell in given.tolist()]
    classes = sorted({*labels}, key=_order)
    if not 2 <= len(classes) <= MOST_CLASSES:
        raise DataError(
            f"{name}: its labels are of {len(classes)} classes; must be of 2 to {MOST_CLASSES}"
        )
    places = {label: place for place, label in enumerate(classes)}
    tests = len(parts[1][1]) if len(parts) > 1 else 0
    where = np.array([places[label] for label in labels], np.int64)
    digest = hashlib.sha256(body).hexdigest()
    names = tuple(map(plain, classes))
    first, of_first = parts[0]
    height, width, *channels = first.shape[1:]
    form = PictureArrays(
        *arrays,
        size=(height, width),
        channels=channels[0] if channels else 0,
        has_words=of_first.dtype.kind == "U",
    )
    return ReadPictures(pixels, where, names, tests, form, len(body), digest)


def _parts(archive: zipfile.ZipFile) -> tuple[tuple[str, str], list[Pair]]:
    """Return pictures and labels, of the training set and of the test set where it has one.

    Before them stands what the first are called.

    Raises:
        DataError: There are none, or they do not fit.
    """
    items = {item.filename.removesuffix(".npy"): item for item in archive.infolist()}
    pairs = [pair for pair in SETS if {*pair} <= items.keys()]
    if not pairs:
        wanted = ", or ".join(" and ".join(pair) for pair in SETS)
        there = ", ".join(map(show, [*items][:20])) or "nothing"
        raise DataError(f"has no pictures and labels: {wanted}; it has {there}")
    has_tests = pairs[0] == SETS[0] and {*TESTS} <= items.keys()
    read: list[Pair] = []
    for pictures, labels in [pairs[0], *([TESTS] if has_tests else [])]:
        for array in (pictures, labels):
            _check_all(math.prod(declared_shape(archive, items[array])))
        pair = read_array(archive, items[pictures]), read_array(archive, items[labels])
        if pair[1].ndim == 2 and pair[1].shape[1] == 1:
            # As Keras has the labels of CIFAR-10.
            pair = pair[0], pair[1][:, 0]
        _check_pair(*pair, pictures, labels)
        read.append(pair)
    return pairs[0], read


def _check_pair(pictures: NDArray[Any], labels: NDArray[Any], name: str, of_labels: str) -> None:
    """Hold an array of pictures and one of labels to be what they are called.

    Raises:
        DataError: They are not.
    """
    shape = list(pictures.shape)
    if pictures.ndim not in (3, 4) or (pictures.ndim == 4 and shape[3] not in (1, 3, 4)):
        raise DataError(
            f"array {show(name)}: is {shape}; pictures are [rows, height, width], or "
            "[rows, height, width, channels] with 1, 3 or 4 channels"
        )
    if pictures.dtype != np.uint8:
        raise DataError(
            f"array {show(name)}: is of {pictures.dtype}; must be uint8, pixels from 0 to 255: "
            "(255 * x).round().astype('uint8') makes them of numbers from 0 to 1"
        )
    if labels.ndim != 1 or labels.dtype.kind not in "biufU":
        raise DataError(
            f"array {show(of_labels)}: must have a number or a name for each picture; where it is "
            "one-hot, y.argmax(axis=1) gives them"
        )
    if len(labels) != len(pictures):
        both = f"array {show(of_labels)}: has {len(labels)} rows, {show(name)} {len(pictures)}"
        raise DataError(both)


def _as_rows(
    pictures: NDArray[np.uint8], size: Sequence[int] | None, colour: Colour
) -> NDArray[np.uint8]:
    """Return an archive's pictures as [rows, channels, height, width], grey or coloured."""
    pictures = pictures[..., None] if pictures.ndim == 3 else pictures[..., :3]
    if colour == "grey" and pictures.shape[3] == 3:
        # Part by part: what is not rounded yet takes eight times the room.
        parts = np.array_split(pictures, -(-len(pictures) // 1000) or 1)
        grey = [((part @ GREY + 0x8000) >> 16).astype(np.uint8) for part in parts]
        pictures = np.concatenate(grey)[..., None]
    elif colour == "rgb" and pictures.shape[3] == 1:
        pictures = pictures.repeat(3, axis=3)
    _check_size(math.prod(pictures.shape[1:] if size is None else (*size, pictures.shape[3])))
    if size is not None and tuple(size) != pictures.shape[1:3]:
        pictures = np.stack([_resized(each, size) for each in pictures])
    return np.ascontiguousarray(pictures.transpose(0, 3, 1, 2))


def _resized(picture: NDArray[np.uint8], size: Sequence[int]) -> NDArray[np.uint8]:
    try:
        from PIL import Image
    except ImportError:
        raise DataError("data.size needs Pillow: pip install 'epochal[pictures]'") from None
    made = Image.fromarray(picture[..., 0] if picture.shape[2] == 1 else picture)
    resized = np.array(made.resize((size[1], size[0]), Image.Resampling.BILINEAR))
    return resized.reshape(*size, picture.shape[2])


# --- limits and words ----------------------------------------------------------------------


def _check_size(numbers: int) -> None:
    if numbers > MOST_NUMBERS:
        raise DataError(
            f"a picture would be {numbers} numbers, at most {MOST_NUMBERS} are read; set data.size "
            "to a smaller one, as [32, 32]"
        )


def _check_all(numbers: int) -> None:
    if numbers > MOST_IN_ALL:
        most = f"at most {MOST_IN_ALL / 1e6:.0f} million are read"
        raise DataError(f"all pictures would be {numbers / 1e6:.0f} million numbers, {most}")


def _words(pixels: NDArray[np.uint8]) -> str:
    return f"{pixels.shape[1]} by {pixels.shape[2]} pixels"


def _reason(error: Exception) -> str:
    strerror = error.strerror if isinstance(error, OSError) else None
    return strerror or plain(str(error))


def _order(label: str) -> tuple[bool, float, str]:
    """Return what classes are put in order by: numbers by size, then texts by letter."""
    try:
        return False, float(label), label
    except ValueError:
        return True, 0.0, label
