"""The curves: loss, accuracy, learning rate or gradient norm over the steps, of one run or more."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from textual import events

from engine.text.safe import plain

from ..style.numbers import count, figure
from ..style.text import Lines
from ..watching.view import View
from .picture import LabMessage, RunPicture

if TYPE_CHECKING:
    from ..drawing.replay.timeline import Timeline

QUANTITIES: Final = {
    "loss": ("Loss", "There is no loss in this recording."),
    "accuracy": ("Accuracy", "There is no accuracy: this network predicts numbers, not classes."),
    "lr": ("Learning rate", "There is no learning rate in this recording."),
    "grad_norm": ("Gradient norm", "There is no gradient norm in this recording."),
}
"""What the border calls each quantity, and what to say where no run has such a column."""


class CurvesPane(RunPicture, can_focus=True):
    """The curves of the recording that is shown, and of those beside it."""

    @dataclass
    class StepPointed(LabMessage):
        """Somebody pointed at a step."""

        step: int

    @dataclass
    class Zoomed(LabMessage):
        """Somebody turned the wheel."""

        by: int
        """1 to see less in more detail, -1 to see more."""
        step: int
        """The step under the pointer."""

    @property
    def timeline(self) -> Timeline:
        """Which steps are shown, which one is read, and where a key would move them."""
        # numpy comes with the axis, and is not needed for the first frame.
        from ..watching.traces import timeline

        return timeline(self.view, self.scrollable_content_region.width)

    # --- what it shows ---------------------------------------------------------------------

    def key(self) -> Hashable:
        """Return what the curves depend on."""
        view = self.view
        shown = (view.run, view.title, view.version, view.step, view.member, view.slot)
        how = (view.log, view.quantity, view.smoothing, view.cursor, view.window, view.others)
        standing = (view.standing.state, view.standing.steps, view.standing.note)
        return shown, how, standing, view.loading, self.look

    def draw(self, width: int, height: int) -> Lines:
        """Return the curves, or in words why there are none."""
        view, look = self.view, self.look
        if view.history is None or not any(rows.count for rows in view.history.series.values()):
            return look.centred(_waiting(view), width, height)
        # numpy and plotext are not needed for the first frame.
        from ..drawing.curves.plot import draw_curves
        from ..watching.traces import gather_view

        curves = gather_view(view, width)
        if not any(run.curves for run in (curves, *curves.others)):
            return look.centred(_named(view.quantity)[1], width, height)
        return draw_curves(curves, width, height, look)

    def captions(self) -> tuple[str, str]:
        """Return the quantity, and the value that is read with its step."""
        view = self.view
        title = _named(view.quantity)[0] + self._smoothed()
        if view.history is None or not view.step:
            return title, ""
        glyphs = self.look.glyphs
        value = _read(view)
        words = "" if value is None else figure(value, infinity=glyphs.infinity) + glyphs.dot
        where = "" if view.cursor is None else f" of {count(view.step)}"
        reading = f"{view.reading}{glyphs.dot}" if view.reading else ""
        return title, f"{reading}{words}step {count(view.at)}{where}"

    def _smoothed(self) -> str:
        """Return how much the curves are smoothed, in words."""
        if not self.view.smoothing or self.view.history is None:
            return ""
        from ..watching.traces import weight

        return f"{self.look.glyphs.dot}smoothed {weight(self.view):g}"

    # --- the mouse -------------------------------------------------------------------------

    def on_click(self, event: events.Click) -> None:
        """Point at the step that was clicked."""
        step = self._step_under(event)
        if step is not None:
            event.stop()
            self.post_message(self.StepPointed(step))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Show less, around the step under the pointer."""
        self._zoom(event, 1)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Show more."""
        self._zoom(event, -1)

    def _zoom(self, event: events.MouseEvent, by: int) -> None:
        step = self._step_under(event)
        if step is not None:
            event.stop()
            event.prevent_default()
            self.post_message(self.Zoomed(by, step))

    def _step_under(self, event: events.MouseEvent) -> int | None:
        """Return the step under the pointer, where that is over a canvas."""
        history = self.view.history
        offset = event.get_content_offset(self)
        if offset is None or history is None or not self.view.step:
            return None
        from ..drawing.base.axis import LABEL_WIDTH

        column = offset.x - LABEL_WIDTH - 1
        return self.timeline.step_at(column) if column >= 0 else None


def _read(view: View) -> float | None:
    """Return the value at the step that is read: the dev set's for an accuracy."""
    assert view.history is not None
    from ..drawing.curves.quantities import rows_with

    there = dict(rows_with(view.history, view.quantity))
    if view.quantity == "accuracy" and "dev" in there:
        there = {"dev": there["dev"], **there}
    for rows in there.values():
        if rows.row_at(view.at) is not None:
            return rows.value(view.quantity, view.at, view.member)
    return None


def _named(quantity: str) -> tuple[str, str]:
    """Return what the border calls a quantity, and what to say where no run has it."""
    name = plain(quantity)
    return QUANTITIES.get(quantity) or (name, f"There is no {name} in this recording.")


_WAITING: Final = {
    "starting": "the worker is starting",
    "running": "no step is done yet",
    "replay": "the untrained network: no step is done yet",
    "paused": "no step is done yet; s takes one",
}
"""What to say before the first row; a run that is over says why it has none."""


def _waiting(view: View) -> str:
    """Return what to say while there is nothing to draw."""
    if view.reading:
        return view.reading
    if view.run:
        return _WAITING.get(view.standing.state, plain(view.standing.reason))
    return "Choose a preset, change what you like, and press space: the curves appear here."
