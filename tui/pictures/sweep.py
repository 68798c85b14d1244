"""A sweep as a still picture: what ``epochal show`` prints of one, without Textual."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.sweeps.table import read
from engine.text.spelling import nearest

from ..drawing.base.frame import headline
from ..drawing.network.material import ViewError
from ..drawing.sweep.cells import HeatChoice, cells_of, heat_map_of, keys_of, usual_choice
from ..drawing.sweep.heat_map import draw_failure, draw_heat_map, height_of
from ..style.glyphs import Glyphs
from ..style.look import Look
from ..style.text import Lines
from .gallery import LEAST_LINES, VIEWS, refuse_view
from .still import look_of_output, print_lines
from .sweep_row import Networks, draw_row, rows_in

if TYPE_CHECKING:
    from engine.sweeps.table import SweepTable

SUMMARY = "summary"
"""The view that shows the figure that says most."""


def show_sweep(
    path: Path,
    width: int,
    height: int,
    glyphs: Glyphs,
    *,
    view: str = SUMMARY,
    by: str = "",
    as_json: bool = False,
) -> None:
    """Print a sweep's heat map, with colours where they are seen.

    Args:
        path: The sweep's folder.
        width: Cells.
        height: Lines.
        glyphs: What to draw with.
        view: A figure, or ``summary``; or a picture of each cell's best network.
        by: The settings of the rows and of the columns, with a comma between them; or of the
            columns alone. What suits the sweep where it is empty.
        as_json: Print the cells in place of the picture.

    Raises:
        RunError: There is no sweep that can be read.
        ViewError: It has no such figure, or no such setting.
    """
    table = read(path)
    if view in VIEWS:
        if as_json:
            raise ViewError(f"--json: --view {view} of a sweep is a picture; leave one of them out")
        look = look_of_output(glyphs)
        pictures = draw_networks(table, chosen(table, SUMMARY, by), view, (width, height), look)
        print_lines(pictures, width, look)
        return
    if as_json:
        print(json.dumps(as_object(table, chosen(table, view, by)), ensure_ascii=False))
        return
    look = look_of_output(glyphs)
    print_lines(draw_sweep(table, chosen(table, view, by), width, height, look), width, look)


def draw_sweep(table: SweepTable, choice: HeatChoice, width: int, height: int, look: Look) -> Lines:
    """Return a sweep's name, and its heat map below it."""
    title, heat = headline(table.name, [], width, look), heat_map_of(table, choice)
    heated = draw_heat_map(heat, width, min(max(height - 1, 0), height_of(heat)), look)
    return [title, *heated, *draw_failure(table.failure, width, look)][: max(height, 1)]


def draw_networks(
    table: SweepTable, choice: HeatChoice, view: str, size: tuple[int, int], look: Look
) -> Lines:
    """Return a picture of each cell's best network, row under row.

    Raises:
        ViewError: The networks have no such view.
    """
    networks, rows = Networks(), list(rows_in(cells_of(table, choice), choice))
    read = {trial.number: networks.of(trial) for row in rows for trial in row.over}
    for network in read.values():
        if not isinstance(network, str):
            refuse_view(view, network)
    width, height = size
    each = max((height - 1) // max(len(rows), 1) - 1, LEAST_LINES)
    lines = [headline(table.name, [], width, look)]
    for place, row in enumerate(rows):
        blank = [look.line()] if place else []
        lines += [*blank, *draw_row(row, read, (width, each), look, view=view)]
    return lines


def as_object(table: SweepTable, choice: HeatChoice) -> dict[str, Any]:
    """Return what a heat map shows as JSON has it: a cell for each pair, ``null`` for no figure."""
    heat, cells = heat_map_of(table, choice), cells_of(table, choice)
    told = []
    for row, column in sorted(cells.trials):
        at = row, column
        numbers = {
            name: int(getattr(heat, name)[at])
            for name in ("trials", "finished", "diverged", "pruned", "failed")
        }
        figures = {name: float(getattr(heat, name)[at]) for name in ("mean", "spread")}
        told.append(
            ({choice.rows: cells.rows[row]} if choice.rows else {})
            | {choice.columns: cells.columns[column]}
            | {name: value if math.isfinite(value) else None for name, value in figures.items()}
            | numbers
        )
    return {"sweep": table.name, "figure": choice.figure, "busy": table.busy, "cells": told}


def chosen(table: SweepTable, view: str, by: str) -> HeatChoice:
    """Return what is shown of a sweep.

    Raises:
        ViewError: It has no such figure, or no such setting.
    """
    usual = usual_choice(table)
    figure = usual.figure if view == SUMMARY else view.replace(" ", "_")
    if figure and figure not in table.figures:
        there = ", ".join([SUMMARY, *table.figures, *VIEWS])
        raise ViewError(f"--view: of a sweep there is no {view!r}; there are: {there}")
    if not by:
        return HeatChoice(rows=usual.rows, columns=usual.columns, figure=figure)
    keys = [_key(table, each.strip()) for each in by.split(",")]
    if len(keys) > 2 or len(set(keys)) < len(keys):
        raise ViewError(f"--by: names the rows' setting and the columns', two at most (got {by!r})")
    return HeatChoice(rows=keys[0] if len(keys) == 2 else "", columns=keys[-1], figure=figure)


def _key(table: SweepTable, named: str) -> str:
    """Return the setting that is meant by its whole name or by its last part."""
    keys = keys_of(table)
    meant = [key for key in keys if named in (key, key.rpartition(".")[2])]
    if len(meant) != 1:
        hint = nearest(named, keys)
        raise ViewError(
            f"--by: the sweep has no setting {named!r}{hint}; it has: {', '.join(keys)}"
        )
    return meant[0]
