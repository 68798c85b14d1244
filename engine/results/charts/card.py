"""A run as a notebook shows it: its curves as SVG, and beside them what it came to.

A notebook's page is not ours: the style sheet is for this card alone, its colours are seen on
light and on dark paper, and no text of a run can act there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from ...text.safe import plain
from .axes import step_text
from .curves import charts_of
from .drawing import Area, draw_chart, said, shortened
from .figures import result_line, result_table
from .style import style_sheet

if TYPE_CHECKING:
    from ...recording.history import History

CHARTS: Final = 2
"""Charts of a card: loss, and accuracy or else the gradient norms."""

WIDTH: Final = 440
HEIGHT: Final = 300
FOOT: Final = 36

SCOPE: Final = ".epochal-run "

_STYLE: Final = (
    ".epochal-run{display:flex;flex-wrap:wrap;gap:16px;align-items:flex-start}"
    ".epochal-run svg{flex:3 1 480px;max-width:900px;height:auto}"
    ".epochal-run div{flex:1 1 220px}"
)


def html_card(name: str, history: History, member: int | None) -> str:
    """Return a run as a piece of HTML.

    Args:
        name: What it is called.
        history: What is known of it.
        member: Which network of a population, from 0; all of them for None.
    """
    boxes, drawn = _drawn(history, member)
    rows = "".join(_row(row) for row in result_table(history.end.result if history.end else {}))
    view = f'viewBox="0 0 {len(boxes) * WIDTH} {HEIGHT}"'
    return (
        f'<style>{style_sheet(SCOPE)}{_STYLE}</style><div class="epochal-run">'
        f"<svg {view}>{drawn}</svg><div><strong>{said(_title(name, history))}</strong><br>"
        f"{said(_standing(name, history))}<table>{rows}</table></div></div>"
    )


def svg_card(name: str, history: History, member: int | None) -> str:
    """Return the same as an SVG of its own, with the result under the curves."""
    boxes, drawn = _drawn(history, member)
    width, height = max(len(boxes), 1) * WIDTH, HEIGHT + FOOT
    told = [shortened(_standing(name, history), width // 8)]
    told += [result_line(history.end.result, width // 8 - len(told[0]) - 3)] if history.end else []
    line = said(" · ".join(filter(None, told)))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}"><style>{style_sheet()}.paper{{fill:var(--paper)}}</style>'
        f'<rect class="paper" width="{width}" height="{height}"/>{drawn}'
        f'<text class="legend" x="12" y="{HEIGHT + 22}">{line}</text></svg>'
    )


def _drawn(history: History, member: int | None) -> tuple[list[Area], str]:
    charts = charts_of(history, member)[:CHARTS]
    boxes = [Area(at * WIDTH + 8, 8, WIDTH - 16, HEIGHT - 16) for at in range(len(charts))]
    marks = [mark.step for mark in history.marks]
    pairs = zip(charts, boxes, strict=True)
    return boxes, "".join(draw_chart(chart, box, marks) for chart, box in pairs)


def _title(name: str, history: History) -> str:
    experiment = history.header.experiment if history.header else {}
    return plain(str(experiment.get("title") or name))


def _standing(name: str, history: History) -> str:
    end = f"{history.end.status}, " if history.end else ""
    return f"{name}: {end}{step_text(history.last_step)} steps"


def _row(cells: Sequence[str]) -> str:
    return f"<tr>{''.join(_cells(cells))}</tr>"


def _cells(cells: Sequence[str]) -> Iterator[str]:
    for number, cell in enumerate(cells):
        yield f"<td>{said(cell)}</td>" if number else f"<th>{said(cell)}</th>"
