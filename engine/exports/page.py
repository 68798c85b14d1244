"""A whole run as one page: a file that needs no network, and that nothing in the run can act in.

    the policy          nothing is fetched; one style sheet and one program run, by their hashes
    the scrubber        which the program shows; without it, the page shows the end of the run
    figures             the network step by step, and a chart of everything that was measured
    words               result, diagnosis, marks, settings
    the block           the numbers of the charts as JSON, for the program

Every text of a run is escaped on its way in, wherever it stands.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
import shlex
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Final

from .. import __version__
from ..diagnosis import Finding
from ..diagnosis.report import HEALTHY
from ..errors import EpochalError
from ..recording.events import End, MarkReached
from ..results.charts.axes import step_text
from ..results.charts.curves import Chart, ChartLine, charts_of
from ..results.charts.drawing import Area, draw_chart, said, shortened
from ..results.charts.figures import result_table
from ..results.charts.style import style_sheet
from ..text.files import read_file
from .export import Export, ExportFile
from .facts import without_folders
from .portrait import Portrait

FIGURE: Final = Area(0, 0, 470, 345)
"""What a chart is drawn on; a screen shows it as large as there is room."""

FILM: Final = Area(0, 0, 470, 480)
"""The same of the network's picture, which is as high as it is wide."""

MOST_CLASSES: Final = 12
"""Classes up to which a confusion matrix is shown."""

_FOLDER: Final = Path(__file__).parent


def files(export: Export) -> Iterator[ExportFile]:
    """Yield a run as one page."""

    def write(out: BinaryIO) -> None:
        out.write(page_of(export).encode())

    yield ExportFile(export.path, write)


def page_of(export: Export) -> str:
    """Return a run as the text of a page."""
    told = Portrait(export)
    style = style_sheet() + read_file(_FOLDER / "page.css").decode()
    program = read_file(_FOLDER / "page.js").decode()
    charts = charts_of(export.history, told.member)
    film, why_none = told.film(FILM)
    marks = [mark.step for mark in told.marks]
    figures = [_figure(draw_chart(chart, FIGURE, marks), FIGURE) for chart in charts]
    result = _section("Result", _result(told))
    if film:
        drawn = _figure(film.draw(FILM, told.last_step), FILM)
        figures.insert(0, f'<div class="lead">{drawn}{result}</div>')
    words = [*([] if film else [result]), *_words(told)]
    if len(charts) % 2:
        # Two stand side by side, where there is room.
        figures.append(words.pop(0))
    return "\n".join(
        [
            "<!doctype html>",
            f'<html lang="en"><head><meta charset="utf-8">{_policy(style, program)}',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{said(told.title)}</title><style>{style}</style></head><body>",
            f"<header><h1>{said(told.title)}</h1>",
            f'<p class="standing">{said(told.standing)}</p>',
            f'<p class="about">{_lines(told.about)}</p></header>',
            _SCRUBBER,
            f'<main><div class="figures">{"".join(figures)}</div>',
            *(f'<p class="quiet">{said(each)}</p>' for each in (why_none, told.without) if each),
            f'<div class="words">{"".join(words)}</div></main>',
            f"<footer>epochal {said(__version__)} · {said(told.name)}</footer>",
            f'<script type="application/json" id="curves">{_block(told, charts)}</script>',
            f"<script>{program}</script></body></html>\n",
        ]
    )


_SCRUBBER: Final = (
    '<nav class="scrubber" id="scrubber" aria-label="Steps" hidden>'
    '<button id="play" type="button">▶ play</button>'
    '<input id="step" type="range" min="0" value="0" step="1" aria-label="Step">'
    '<output id="shown" for="step"></output></nav>'
)


def _policy(style: str, program: str) -> str:
    """Return what a browser may do with the page: show it, and run what stands in this folder."""
    allowed = (
        "default-src 'none'",
        "img-src data:",
        f"style-src {_hash(style)}",
        f"script-src {_hash(program)}",
        "base-uri 'none'",
        "form-action 'none'",
    )
    return f'<meta http-equiv="Content-Security-Policy" content="{"; ".join(allowed)}">'


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _figure(drawing: str, box: Area) -> str:
    return f'<figure><svg viewBox="0 0 {box.width:g} {box.height:g}">{drawing}</svg></figure>'


def _lines(text: str) -> str:
    """Return a text of several lines, escaped line by line."""
    return "\n".join(said(line) for line in text.splitlines())


# --- the words -----------------------------------------------------------------------------------


def _words(portrait: Portrait) -> Iterator[str]:
    yield _section("Diagnosis", _diagnosis(portrait.findings))
    if portrait.marks:
        yield _section("Marks", f"<ol>{''.join(map(_mark, portrait.marks))}</ol>")
    if portrait.header.experiment:
        settings = f"<summary>Settings</summary><pre>{_lines(_settings(portrait))}</pre>"
        yield f"<section><details>{settings}</details></section>"


def _section(title: str, body: str) -> str:
    return f"<section><h2>{title}</h2>{body}</section>"


def _result(portrait: Portrait) -> str:
    end = portrait.export.history.end
    table = result_table(portrait.result)
    if end is None or not table:
        return f'<p class="quiet">none: {said(portrait.export.state)}</p>'
    best = portrait.result.get("best_step")
    whose = f'<p class="quiet">{said(_whose(end, best))}</p>'
    return f"{_table(table)}{whose}{_confusion(portrait)}"


def _whose(end: End, best: Any) -> str:
    if end.status not in ("finished", "stopped"):
        return f"of the last step, {step_text(end.step)}"
    if isinstance(best, list):
        return "each network by its best weights on the dev set"
    if isinstance(best, int | float) and best > 0:
        return f"of the best weights on the dev set, of step {step_text(int(best))}"
    return f"of the weights after step {step_text(end.step)}"


def _table(rows: Sequence[Sequence[str]]) -> str:
    head, *body = rows
    lines = "".join(
        f'<tr><th scope="row">{said(row[0])}</th>'
        f"{''.join(f'<td>{said(cell)}</td>' for cell in row[1:])}</tr>"
        for row in body
    )
    heads = "".join(f'<th scope="col">{said(cell)}</th>' for cell in head)
    return f'<div class="scroll"><table><tr>{heads}</tr>{lines}</table></div>'


def _confusion(portrait: Portrait) -> str:
    counts = portrait.result.get("confusion")
    if (
        not isinstance(counts, list)
        or portrait.member is None
        or not 1 < len(counts) <= MOST_CLASSES
    ):
        return ""
    names = [shortened(str(name), 20) for name in portrait.header.target_names]
    names = names if len(names) == len(counts) else [str(at) for at in range(len(counts))]
    rows = [
        [name, *map(str, row if isinstance(row, list) else [row])]
        for name, row in zip(names, counts, strict=True)
    ]
    table = _table([["true \\ said", *names], *rows])
    return f"<p>Which class was taken for which:</p>{table}"


def _diagnosis(findings: Sequence[Finding]) -> str:
    if not findings:
        return f"<p>{HEALTHY}</p>"
    return f"<ul>{''.join(map(_finding, findings))}</ul>"


def _finding(finding: Finding) -> str:
    changes = finding.remedy.changes if finding.remedy else ()
    options = "<br>".join(f"<code>--set {said(shlex.quote(change))}</code>" for change in changes)
    return (
        f'<li class="{said(finding.severity)}"><span class="severity">{said(finding.severity)}'
        f"</span><p>{said(finding.words)}</p>"
        f'<p class="quiet">{said(finding.advice)}</p>{options}</li>'
    )


def _mark(mark: MarkReached) -> str:
    return (
        f'<li><button type="button" data-mark="{mark.step:d}">{step_text(mark.step)}</button> '
        f'<strong>{said(mark.called)}</strong><p class="quiet">{_lines(mark.note)}</p></li>'
    )


def _settings(portrait: Portrait) -> str:
    """Return the experiment as a preset; as it was recorded, where it no longer holds.

    Of a file its name stands there alone: what it is called, and not where it lies.
    """
    from ..experiment.tables import tables_of
    from ..presets.writing import text_of

    try:
        run = portrait.export.run
        spec = run.experiment if portrait.member is None else run.alone
    except EpochalError:
        recorded = without_folders(portrait.header.experiment)
        return json.dumps(recorded, indent=2, ensure_ascii=False)
    return text_of(without_folders(tables_of(spec))).rstrip()


# --- the block -----------------------------------------------------------------------------------


def _block(portrait: Portrait, charts: Iterable[Chart]) -> str:
    """Return the numbers of the charts: nothing in them can end the element they stand in."""
    numbers = {
        "last": portrait.last_step,
        "charts": [[_numbers(line) for line in chart.lines] for chart in charts],
    }
    text = json.dumps(numbers, separators=(",", ":"), allow_nan=False)
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _numbers(line: ChartLine) -> dict[str, list[Any]]:
    values = [float(f"{value:.5g}") if math.isfinite(value) else None for value in line.shown]
    return {"steps": line.steps.tolist(), "values": values}
