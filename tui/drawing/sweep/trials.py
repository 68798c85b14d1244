"""The trials of one cell of a heat map: what each is, what it came to, and with which figures.

hidden [5] · lr 1                        test accuracy  test loss  dev loss
› seed 1   finished, best of step 1 200         0.8900     0.2511    0.2604
  seed 2   diverged at step 51
  seed 3   training, step 1 200
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rich.text import Text

from engine.text.safe import plain

from ...style.look import Look
from ...style.numbers import count, figure
from ...style.palette import Role
from ...style.text import Lines, cut
from ..base.frame import cropped
from .cells import SEED, figure_words, value_words

if TYPE_CHECKING:
    from engine.sweeps.table import TrialRow

ROLES: Final[Mapping[str, Role]] = {
    "finished": "text",
    "pruned": "muted",
    "diverged": "bad",
    "failed": "bad",
    "training": "train",
    "waiting": "muted",
}

GAP: Final = 2
"""Cells between two columns."""


@dataclass(frozen=True)
class _Columns:
    """How wide the columns are, and which figures have one."""

    name: int
    state: int
    figures: Sequence[str]


def draw_trials(
    trials: Sequence[TrialRow],
    figures: Sequence[str],
    width: int,
    height: int,
    look: Look,
    chosen: int | None = None,
) -> Lines:
    """Return a heading with what the trials have in common, then a line for each.

    Args:
        trials: The trials of a cell.
        figures: Which of their figures are shown, as many as have room.
        width: Cells.
        height: Lines at most.
        look: What to draw with.
        chosen: Which of the trials is chosen.
    """
    if not trials or height < 2:
        return []
    common = {
        key: value
        for key, value in trials[0].setting.items()
        if all(trial.setting.get(key) == value for trial in trials)
    }
    names = [look.glyphs.dot.join(apart_words(trial, common)) for trial in trials]
    what = plain(look.glyphs.dot.join(_settings(common)) or trials[0].preset)
    columns = _columns_of(trials, names, figures, width, len(what))
    head = look.line(look.pad(what, columns.name + columns.state + GAP), "text", bold=True)
    for name in map(figure_words, columns.figures):
        head.append(" " * GAP + name, look.style("muted"))
    lines = [
        _line(trial, name, columns, look, chosen=place == chosen)
        for place, (trial, name) in enumerate(zip(trials, names, strict=True))
    ]
    return cropped([head, *_around(lines, chosen or 0, height - 1, look)], width, height)


def _columns_of(
    trials: Sequence[TrialRow],
    names: Sequence[str],
    figures: Sequence[str],
    width: int,
    heading: int,
) -> _Columns:
    """Return the columns that have room beside a heading over the first two of so many cells."""
    name = min(max(map(len, names)) + GAP, max(2 * width // 5, 12))
    least = max(*(len(state_words(trial)) for trial in trials), heading - name - GAP)
    state = min(least, max(width - name - GAP, 0))
    room, shown = width - name - GAP - state, list[str]()
    for each in figures:
        room -= GAP + len(each)
        if room < 0:
            break
        shown.append(each)
    return _Columns(name, state, shown)


def _line(trial: TrialRow, name: str, columns: _Columns, look: Look, *, chosen: bool) -> Text:
    pointer = look.glyphs.choice[1] if chosen else " "
    line = look.line(look.pad(f"{pointer} {plain(name)}", columns.name), "muted")
    if chosen:
        line.stylize(look.style("text", bold=True))
    words = " " * GAP + look.pad(plain(state_words(trial)), columns.state)
    line.append(words, look.style(ROLES[trial.state]))
    for key in columns.figures:
        value = trial.figures.get(key)
        told = "" if value is None else figure(value, 4, look.glyphs.infinity)
        line.append(" " * GAP + look.pad_left(told, len(key)), look.style("text"))
    return cut(line, line.cell_len)


def _around(lines: Lines, chosen: int, height: int, look: Look) -> Lines:
    """Return as many lines as have room, that which is chosen among them, and say of the rest."""
    if len(lines) <= height:
        return lines
    room = height - 1
    top = max(min(chosen - room // 2, len(lines) - room), 0)
    more = f"  {look.glyphs.ellipsis} {count(len(lines) - room)} more"
    return [*lines[top : top + room], look.line(more, "muted")]


def _settings(setting: Mapping[str, object]) -> list[str]:
    return [f"{key.rpartition('.')[2]} {value_words(value)}" for key, value in setting.items()]


def apart_words(trial: TrialRow, common: Container[str]) -> list[str]:
    """Return what tells a trial from the others of its cell."""
    apart = {
        key: value for key, value in trial.setting.items() if key != SEED and key not in common
    }
    return [*_settings(apart), f"seed {trial.seed}"]


def state_words(trial: TrialRow) -> str:
    """Return what a trial is doing, or how it ended."""
    match trial.state:
        case "training":
            return f"training, step {count(trial.step)}"
        case "pruned":
            return f"pruned at step {count(trial.step)}"
        case "diverged":
            return f"diverged at step {count(trial.step)}"
        case "failed":
            return f"failed: {trial.reason}" if trial.reason else "failed"
        case "finished" if trial.best_step:
            return f"finished, best of step {count(trial.best_step)}"
        case state:
            return state
