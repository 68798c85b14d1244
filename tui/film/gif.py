"""A film as a GIF, drawn by Pillow, cell by cell."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

from engine.exports.export import Export, ExportFile

from ..style.look import Look
from .shots import Shots, shots_of

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

    from .painter import Painter


def files(export: Export) -> Iterator[ExportFile]:
    """Yield a run as a GIF."""
    yield ExportFile(export.path, lambda out: _save(shots_of(export, Look()), out))


def _save(shots: Shots, out: BinaryIO) -> None:
    from PIL import Image

    from .painter import Painter

    painter = Painter(shots.width, shots.height)
    palette = _palette(painter, shots)
    # One after the other: a film of two minutes has some hundred megabytes of pixels.
    pictures = (
        painter.painted(shot.lines).quantize(palette=palette, dither=Image.Dither.NONE)
        for shot in shots.shots
    )
    durations = [round(shot.seconds * 1000) for shot in shots.shots]
    next(pictures).save(
        out, format="GIF", save_all=True, append_images=pictures, duration=durations, loop=0
    )


def _palette(painter: Painter, shots: Shots) -> Picture:
    """Return the colours of the middle and the end of a film: those of all of it."""
    from PIL import Image

    middle, last = (painter.painted(shots.shots[at].lines) for at in (len(shots.shots) // 2, -1))
    both = Image.new("RGB", (middle.width, 2 * middle.height))
    both.paste(middle, (0, 0))
    both.paste(last, (0, middle.height))
    return both.quantize(256)
