"""A whole run as one moving picture for a slide or a README: an SVG of 1280 by 720.

    title, and how it went
    ┌──────────────┬──────────────┐
    │ the network, │ loss         │
    │ step by step ├──────────────┤     or, where no picture shows the network, charts alone
    │              │ accuracy, …  │
    └──────────────┴──────────────┘
    result, and the worst that is wrong

It has no script and fetches nothing. Where nothing moves, it shows the end.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Final

from ..results.charts.animation import Animation
from ..results.charts.curves import charts_of
from ..results.charts.drawing import Area, draw_chart, said, shortened
from ..results.charts.figures import result_line
from ..results.charts.style import style_sheet
from .export import Export, ExportFile
from .portrait import Portrait

WIDTH: Final = 1280
HEIGHT: Final = 720
MARGIN: Final = 36
TOP: Final = 112
BOTTOM: Final = 628
GAP: Final = 28

_STYLE: Final = """
.paper{fill:var(--paper)}
.head{font-size:34px;font-weight:700}
.standing{font-size:18px;fill:var(--muted)}
.result{font-size:24px;font-weight:600;font-variant-numeric:tabular-nums}
.finding{font-size:18px;fill:currentColor}
@media(prefers-reduced-motion:reduce){
.frame{visibility:hidden!important}.frame.last{visibility:visible!important}
.cursor{display:none}g[clip-path]{clip-path:none}}
"""


def files(export: Export) -> Iterator[ExportFile]:
    """Yield a run as one SVG."""

    def write(out: BinaryIO) -> None:
        out.write(slide_of(export).encode())

    yield ExportFile(export.path, write)


def slide_of(export: Export) -> str:
    """Return a run as a moving SVG."""
    told, animation = Portrait(export), Animation(export.seconds)
    marks = [mark.step for mark in told.marks]
    charts = charts_of(export.history, told.member)
    left = Area(MARGIN, TOP, (WIDTH - 2 * MARGIN - GAP) / 2, BOTTOM - TOP)
    film, _ = told.film(left)
    places = _places(len(charts), has_film=film is not None)
    drawn = [film.draw(left, told.last_step, animation)] if film else []
    drawn += [
        draw_chart(chart, box, marks, animation) for chart, box in zip(charts, places, strict=False)
    ]
    return "".join([_head(told), *drawn, *_foot(told), "</svg>"])


def _places(charts: int, *, has_film: bool) -> list[Area]:
    """Return where charts stand, at most three of them, the first being the largest."""
    whole = WIDTH - 2 * MARGIN
    width, height = (whole - GAP) / 2, (BOTTOM - TOP - GAP) / 2
    right = MARGIN + width + GAP
    halves = [Area(right, TOP, width, height), Area(right, TOP + height + GAP, width, height)]
    tall = BOTTOM - TOP
    if charts == 1:
        return [Area(right if has_film else MARGIN, TOP, width if has_film else whole, tall)]
    if has_film:
        return halves
    first = Area(MARGIN, TOP, width, tall)
    return [first, Area(right, TOP, width, tall)] if charts == 2 else [first, *halves]


def _head(portrait: Portrait) -> str:
    sheet = style_sheet() + _STYLE
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{said(portrait.title)}"><title>{said(portrait.title)}</title>'
        f"<style>{sheet}</style>"
        f'<rect class="paper" width="{WIDTH}" height="{HEIGHT}"/>'
        f'<text class="head" x="{MARGIN}" y="56">{said(shortened(portrait.title, 62))}</text>'
        f'<text class="standing" x="{MARGIN}" y="88">'
        f"{said(shortened(portrait.standing, 130))}</text>"
    )


def _foot(portrait: Portrait) -> Iterator[str]:
    line = result_line(portrait.result, 84)
    yield f'<text class="result" x="{MARGIN}" y="668">{said(line)}</text>'
    for finding in portrait.findings[:1]:
        words = said(shortened(f"{finding.severity}: {finding.words}", 128))
        yield (
            f'<g class="{said(finding.severity)}"><text class="finding" x="{MARGIN}" y="700">'
            f"{words}</text></g>"
        )
