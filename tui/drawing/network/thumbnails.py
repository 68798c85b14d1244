"""Some pictures of a set, each with what the network says of it.

    ▄▄▀▀▀▄▄       ▄▀▀▀▄
       ▄▀         ▄▀▀▄▄
      ▀           ▀▄▄▄▀
    7  98%        9  61%, is 8

A cell is two pixels, one over the other, as a cell is twice as high as it is wide. Small pictures
are drawn larger, large ones smaller.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from math import isfinite
from typing import Final

import numpy as np
from numpy.typing import NDArray
from rich.color import Color
from rich.style import Style
from rich.text import Text

from ...style.look import Look
from ...style.text import Lines
from ..base.arrays import Floats, evenly
from ..base.frame import cropped, headline, words
from . import predictions
from .material import RecordedNetwork
from .predictions import Predictions

SMALL: Final = 12
"""Pixels of a side below which a picture is drawn twice as large."""

LARGE: Final = 32
"""Pixels of a side above which it is drawn smaller."""

CAPTION: Final = 14
"""Cells of what stands under a picture, at least."""

RAMPS: Final = {"ascii": " .:-=+*#%@"}
"""Signs from dark to bright where there are no colours; of shaded blocks elsewhere."""

SHADED: Final = " ░▒▓█"

GREYS: Final = (16, *range(232, 256), 231)
"""Black, the greys of the xterm-256 grid, and white."""

CUBE: Final = 6
"""Levels of red, green and blue in that grid."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Thumbnails:
    """Pictures, and what the network says of them."""

    said: Predictions
    shape: tuple[int, ...]
    """[channels, height, width] of each."""


def gather(network: RecordedNetwork) -> Thumbnails:
    """Return the pictures of the set that judges a network, with what it says of them."""
    return Thumbnails(
        said=predictions.gather(network), shape=tuple(network.material.header.row_shape)
    )


def draw_thumbnails(pictures: Thumbnails, width: int, height: int, look: Look) -> Lines:
    """Return as many of the pictures as fit, evenly spread over the set.

    Args:
        pictures: What to show.
        width: Cells, at least 0.
        height: Lines at most, at least 0.
        look: What to draw with.
    """
    said = pictures.said
    scaled = _scaled(pictures.shape[1:])
    tall, wide = (scaled[0] + 1) // 2, scaled[1]
    each = max(wide, CAPTION)
    across, down = (width + 2) // (each + 2), max((height - 1) // (tall + 2), 1)
    title = headline(f"pictures of the {said.part} set", said.facts, width, look)
    if across < 1 or height < tall + 3:
        needed = f"A picture takes {each} by {tall + 3} cells; z gives this pane the whole screen."
        return cropped([title, *look.muted(needed, width)], width, height)
    chosen = evenly(len(said.inputs), across * down).tolist()
    pixels = _pixels(pictures, chosen, scaled)
    lines = [title]
    for start in range(0, len(chosen), across):
        row = range(start, min(start + across, len(chosen)))
        lines += _beside([_picture(pixels[at], look) for at in row], each, wide)
        lines.append(_captions([chosen[at] for at in row], said, each, look))
        lines.append(Text(end=""))
    lines[-1] = words(predictions.summary(said, len(chosen), width, look), width, look)
    return cropped(lines, width, height)


def _scaled(sides: tuple[int, ...]) -> tuple[int, int]:
    """Return how many pixels high and wide a picture is drawn."""
    height, width = sides
    if max(sides) < SMALL:
        return 2 * height, 2 * width
    smaller = -(-max(sides) // LARGE)
    return max(height // smaller, 1), max(width // smaller, 1)


def _pixels(pictures: Thumbnails, rows: list[int], size: tuple[int, int]) -> Floats:
    """Return pictures as they are drawn, [rows, channels, height, width] from 0 to 1."""
    shown = pictures.said.inputs[rows].reshape(len(rows), *pictures.shape)
    # Black is the least number that there is, white the greatest.
    low, high = float(shown.min()), float(shown.max())
    shown = (shown - low) / ((high - low) or 1.0)
    height = pictures.shape[1]
    if size[0] > height:
        return shown.repeat(2, axis=2).repeat(2, axis=3)
    times = max(height // size[0], 1)
    cut = shown[:, :, : size[0] * times, : size[1] * times]
    parts = cut.reshape(len(rows), -1, size[0], times, size[1], times)
    return np.asarray(parts.mean(axis=(3, 5)), np.float64)


def _picture(pixels: Floats, look: Look) -> list[Text]:
    """Return a picture [channels, height, width] as lines, two pixels to a cell."""
    if pixels.shape[1] % 2:
        pixels = np.concatenate([pixels, pixels[:, -1:]], axis=1)
    colours = look.palette.colours and not look.palette.sixteen and look.glyphs.name != "ascii"
    if not colours:
        return [_shaded(row, look) for row in _halves(pixels).mean((1, 2))]
    indices = _indices(pixels)
    lines = []
    for upper, lower in zip(indices[::2], indices[1::2], strict=True):
        line = Text(end="", no_wrap=True)
        for above, below in zip(upper.tolist(), lower.tolist(), strict=True):
            line.append("▀", _style(above, below))
        lines.append(line)
    return lines


def _halves(pixels: Floats) -> Floats:
    """Return [lines, channels, 2, width]."""
    channels, height, width = pixels.shape
    return pixels.reshape(channels, height // 2, 2, width).transpose(1, 0, 2, 3)


def _shaded(row: Floats, look: Look) -> Text:
    ramp = RAMPS.get(look.glyphs.name, SHADED)
    places = np.nan_to_num(row * (len(ramp) - 1)).round().astype(int)
    return look.line("".join(ramp[place] for place in places.tolist()))


def _indices(pixels: Floats) -> NDArray[np.int64]:
    """Return the colour of each pixel in the xterm-256 grid, [height, width]."""
    if len(pixels) == 1:
        places = (pixels[0] * (len(GREYS) - 1)).round().astype(int)
        return np.asarray(np.array(GREYS)[places], np.int64)
    levels = (pixels * (CUBE - 1)).round().astype(np.int64)
    return np.asarray(16 + np.tensordot([CUBE**2, CUBE, 1], levels, 1), np.int64)


@lru_cache(maxsize=4096)
def _style(above: int, below: int) -> Style:
    return Style(color=Color.from_ansi(above), bgcolor=Color.from_ansi(below))


def _beside(shown: list[list[Text]], room: int, wide: int) -> Iterator[Text]:
    """Yield the lines of pictures that stand side by side."""
    for parts in zip(*shown, strict=True):
        line = Text(end="", no_wrap=True)
        for part in parts:
            line.append_text(part).append(" " * (room - wide + 2))
        yield line


def _captions(rows: list[int], said: Predictions, each: int, look: Look) -> Text:
    """Return the line under some pictures: what the network says, and what is true."""
    line = Text(end="", no_wrap=True)
    assert said.classes is not None
    for row in rows:
        label, true = int(said.classes[row]), int(said.targets[row])
        share = float(said.said[row, label])
        sure = f"{share:.0%}" if isfinite(share) else "NaN"
        wrong = label != true
        told = f"{said.target_names[label]} {sure}"
        told += f", is {said.target_names[true]}" if wrong else ""
        line.append(look.pad(told, each), look.style("bad" if wrong else "text", bold=wrong))
        line.append("  ")
    return line
