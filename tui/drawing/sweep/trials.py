"""The trials of one cell of a heat map: what each is, what it came to, and with which figures.

hidden [5] · lr 1
seed 1   finished              test accuracy 0.8900   test loss 0.2511   dev loss 0.2604
seed 2   diverged at step 51
seed 3   training, step 1 200
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from rich.text import Text

from engine.text.safe import plain

from ...style.look import Look
from ...style.numbers import count, figure
from ...style.palette import Role
from ...style.text import Lines, cut, fit, joined, pad
from ..base.frame import cropped
from .cells import SEED, figure_words, value_words

if TYPE_CHECKING:
    from engine.sweeps.table import TrialRow

ROLES: Final[Mapping[str, Role]] = {
    "finished": "text",
    "diverged": "bad",
    "failed": "bad",
    "training": "train",
    "waiting": "muted",
}


def draw_trials(
    trials: Sequence[TrialRow], figures: Sequence[str], width: int, height: int, look: Look
) -> Lines:
    """Return a heading with what the trials have in common, then a line for each.

    Args:
        trials: The trials of a cell.
        figures: Which of their figures are shown, as many as have room.
        width: Cells.
        height: Lines at most.
        look: What to draw with.
    """
    if not trials or height < 2:
        return []
    common = {
        key: value
        for key, value in trials[0].setting.items()
        if all(trial.setting.get(key) == value for trial in trials)
    }
    dot, muted = look.glyphs.dot, look.style("muted")
    heading = fit(dot.join(_settings(common)) or trials[0].preset, width, look.glyphs.ellipsis)
    named = [dot.join(_own(trial, common)) for trial in trials]
    states = [_state(trial) for trial in trials]
    names, said = max(map(len, named)) + 2, max(map(len, states)) + 2
    lines = [Text(plain(heading), look.style("text", bold=True), end="", no_wrap=True)]
    for trial, name, state in zip(trials, named, states, strict=True):
        line = Text(pad(f"  {plain(name)}", names + 2, look.glyphs.ellipsis), muted, end="")
        line.append(pad(plain(state), said), look.style(ROLES[trial.state]))
        told = [
            (f"{figure_words(key)} {figure(trial.figures[key], 4, look.glyphs.infinity):<8}",
             look.style("text"))
            for key in figures if key in trial.figures
        ]  # fmt: skip
        shown, _ = joined(told, "  ", look.style("faint"), max(width - line.cell_len, 0))
        lines.append(cut(line.append_text(shown), width))
    if len(lines) > height:
        words = f"  {look.glyphs.ellipsis} {count(len(lines) - height + 1)} more"
        lines = [*lines[: height - 1], Text(words, muted, end="")]
    return cropped(lines, width, height)


def _settings(setting: Mapping[str, object]) -> list[str]:
    return [f"{key.rpartition('.')[2]} {value_words(value)}" for key, value in setting.items()]


def _own(trial: TrialRow, common: Mapping[str, object]) -> list[str]:
    """Return what tells a trial from the others of its cell."""
    own = {key: value for key, value in trial.setting.items() if key not in (*common, SEED)}
    return [*_settings(own), f"seed {trial.seed}"]


def _state(trial: TrialRow) -> str:
    match trial.state:
        case "training":
            return f"training, step {count(trial.step)}"
        case "diverged":
            return f"diverged at step {count(trial.step)}"
        case "failed":
            return f"failed: {trial.reason}" if trial.reason else "failed"
        case "finished" if trial.best_step:
            return f"finished, best of step {count(trial.best_step)}"
        case state:
            return state
