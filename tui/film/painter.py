"""The lab's screen as a picture: a font for letters, rectangles for what pictures are made of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final

from PIL import Image, ImageDraw, ImageFont
from rich.cells import get_character_cell_size
from rich.color import Color
from rich.style import Style
from textual.strip import Strip

from ..style.palette import DARK, rgb
from .shapes import SHADES, rectangles

Rgb = tuple[int, int, int]
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

PIXELS: Final = 15
"""The size of the letters."""

FONTS: Final = (
    ("DejaVuSansMono.ttf", "DejaVuSansMono-Bold.ttf"),
    ("LiberationMono-Regular.ttf", "LiberationMono-Bold.ttf"),
    ("NotoSansMono-Regular.ttf", "NotoSansMono-Bold.ttf"),
    ("UbuntuMono-R.ttf", "UbuntuMono-B.ttf"),
    ("Menlo.ttc", "Menlo.ttc"),
)
"""Fonts of one width that machines have, each with its bold one."""


class Painter:
    """Paints screens of one size.

    Args:
        width: Cells.
        height: Lines.
    """

    def __init__(self, width: int, height: int) -> None:
        self._plain, self._bold = _fonts()
        self._cell = round(self._plain.getlength("M")), round(PIXELS * 1.2)
        self._size = width * self._cell[0], height * self._cell[1]
        self._rows = lru_cache(maxsize=1024)(self._row)

    def painted(self, lines: Sequence[Strip]) -> Image.Image:
        """Return a screen as a picture."""
        picture = Image.new("RGB", self._size, rgb(DARK.background))
        for row, line in enumerate(lines):
            # Most lines of a film are as they were before.
            picture.paste(self._rows(tuple(_pieces(line))), (0, row * self._cell[1]))
        return picture

    def _row(self, pieces: tuple[tuple[str, Style], ...]) -> Image.Image:
        width, height = self._cell
        row = Image.new("RGB", (self._size[0], height), rgb(DARK.background))
        draw, column = ImageDraw.Draw(row), 0
        for text, style in pieces:
            colour, ground = _colours(style)
            for character in text:
                cells = get_character_cell_size(character)
                left = column * width
                draw.rectangle((left, 0, left + cells * width - 1, height - 1), ground)
                self._character(draw, character, left, colour, ground, bold=bool(style.bold))
                column += cells
        return row

    def _character(
        self,
        draw: ImageDraw.ImageDraw,
        character: str,
        left: int,
        colour: Rgb,
        ground: Rgb,
        *,
        bold: bool,
    ) -> None:
        shapes = rectangles(character)
        if shapes is None:
            font, middle = self._bold if bold else self._plain, self._cell[1] / 2
            if character != " ":
                draw.text((left, middle), character, colour, font, anchor="lm")
            return
        width, height = self._cell
        filled = _between(ground, colour, SHADES.get(character, 1.0))
        for x0, y0, x1, y1 in shapes:
            box = left + x0 * width, y0 * height, left + x1 * width, y1 * height
            a, b, c, d = map(round, box)
            draw.rectangle((a, b, max(c - 1, a), max(d - 1, b)), filled)


def _pieces(line: Strip) -> Iterator[tuple[str, Style]]:
    for text, style, control in line:
        if not control:
            yield text, style or Style.null()


def _fonts() -> tuple[ImageFont.FreeTypeFont, ImageFont.FreeTypeFont]:
    for plain, bold in FONTS:
        try:
            return ImageFont.truetype(plain, PIXELS), ImageFont.truetype(bold, PIXELS)
        except OSError:
            continue
    # Pillow's own, whose letters are of several widths: each stands in a cell all the same.
    usual = ImageFont.load_default(PIXELS)
    assert isinstance(usual, ImageFont.FreeTypeFont)
    return usual, usual


def _colours(style: Style) -> tuple[Rgb, Rgb]:
    colour = _rgb(style.color, rgb(DARK.text))
    ground = _rgb(style.bgcolor, rgb(DARK.background))
    if style.reverse:
        colour, ground = ground, colour
    return (_between(ground, colour, 0.6) if style.dim else colour), ground


@lru_cache(maxsize=1024)
def _rgb(colour: Color | None, usual: str) -> Rgb:
    if colour is None or colour.is_default:
        colour = Color.parse(usual)
    return tuple(colour.get_truecolor())  # type: ignore[return-value]


def _between(ground: Rgb, colour: Rgb, share: float) -> Rgb:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(ground, colour, strict=True))
    return red, green, blue
