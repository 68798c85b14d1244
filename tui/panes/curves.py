"""The curves: loss or accuracy of the train and dev sets over the steps."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Final

from rich.text import Text
from textual.reactive import reactive

from engine.plain import plain
from tui.drawing.numbers import count, figure, percent
from tui.drawing.text import Lines, wrap
from tui.look import Look
from tui.panes.picture import Picture
from tui.view import View


class CurvesPane(Picture, can_focus=True):
    """Train and dev curves of the recording that is shown."""

    view: reactive[View] = reactive(View(), init=False, repaint=False)
    """What is shown."""
    look: reactive[Look] = reactive(Look(), init=False, repaint=False)
    """What it is drawn with."""

    def watch_view(self) -> None:
        """Draw what has changed."""
        self._say()
        self.redraw()

    def watch_look(self) -> None:
        """Draw with other glyphs or colours."""
        self.redraw()

    def on_mount(self) -> None:
        """Name the pane before there is anything in it."""
        self._say()

    def key(self) -> Hashable:
        """Return what the curves depend on."""
        view = self.view
        shown = (view.run, view.version, view.step, view.member, view.log, view.quantity)
        return shown, view.standing.state, view.standing.note, view.loading, self.look

    def draw(self, width: int, height: int) -> Lines:
        """Return the curves, or in words why there are none."""
        view, look = self.view, self.look
        if view.history is None or not any(rows.count for rows in view.history.series.values()):
            return _in_the_middle(_waiting(view), width, height, look)
        # numpy and plotext are not needed for the first frame.
        from tui.drawing.axis import horizon
        from tui.drawing.curves import Curves, draw_curves, gather

        ended = view.standing.state == "ended" and view.step >= view.history.last_step
        last = view.step if ended else horizon(view.step, view.standing.steps)
        curves = gather(
            view.history, view.quantity, step=view.step, last=last, width=width, member=view.member
        )
        if view.quantity == "accuracy" and not curves:
            words = "There is no accuracy: this network predicts numbers, not classes."
            return _in_the_middle(words, width, height, look)
        drawn = Curves(
            curves=curves,
            last=last,
            marks=tuple(mark.step for mark in view.history.marks if mark.step <= last),
            log=view.log and view.quantity == "loss",
            top=1.0 if view.quantity == "accuracy" else None,
        )
        return draw_curves(drawn, width, height, look.glyphs, look.palette)

    def _say(self) -> None:
        """Write quantity, newest value and step into the border."""
        view = self.view
        title = view.quantity.capitalize()
        if view.history is None or not view.step:
            self.caption(title)
            return
        standing, glyphs = view.standing, self.look.glyphs
        value = standing.loss if view.quantity == "loss" else standing.dev_accuracy
        newest = "" if value is None else figure(value, infinity=glyphs.infinity) + glyphs.dot
        self.caption(title, f"{newest}step {count(view.step)}")


_WAITING: Final = {
    "starting": "the worker is starting",
    "running": "no step is done yet",
    "paused": "no step is done yet; s takes one",
}
"""What to say before the first row; a run that is over says why it has none."""


def _waiting(view: View) -> str:
    """Return what to say while there is nothing to draw."""
    if view.loading < 1:
        return f"reading the recording: {percent(view.loading)}"
    if view.run:
        return _WAITING.get(view.standing.state, plain(view.standing.reason))
    return "Choose a preset, change what you like, and press space: the curves appear here."


def _in_the_middle(words: str, width: int, height: int, look: Look) -> Lines:
    written = [line.center(width) for line in wrap(words, max(width - 4, 1))][:height]
    above = (height - len(written)) // 2
    below = height - len(written) - above
    return [
        Text(line, look.palette.style("muted"), end="")
        for line in [*[""] * above, *written, *[""] * below]
    ]
