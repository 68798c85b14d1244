"""A picture that changes from step to step, as SVG: frames of which one is seen."""

from __future__ import annotations

from dataclasses import dataclass

from ...results.charts.animation import Animation, parts_of
from ...results.charts.axes import step_text
from ...results.charts.drawing import Area, said


@dataclass(frozen=True)
class Frame:
    """What the network says after a step."""

    step: int
    drawing: str
    """As SVG."""


@dataclass(frozen=True)
class Film:
    """Frames, and what stands over them."""

    title: str
    still: str
    """What stands over every frame, as SVG: axes, points, legend."""
    frames: tuple[Frame, ...]
    best: int | None
    """The step at which the network did best on the dev set, where something decided that."""

    def draw(self, box: Area, last_step: int, animation: Animation | None = None) -> str:
        """Return it as a group of SVG, the last frame being seen.

        Args:
            box: The one for which it was made.
            last_step: Of the run.
            animation: How it goes by, where it does.
        """
        parts = parts_of([frame.step for frame in self.frames], last_step)
        shown = [
            self._frame(number, box, animation.shown_between(*part) if animation else "")
            for number, part in enumerate(parts)
        ]
        place = f'x="{box.left + 4:g}" y="{box.top + 20:g}"'
        title = f'<text class="title" {place}>{said(self.title)}</text>'
        return f'<g class="film">{title}{"".join(shown)}{self.still}</g>'

    def _frame(self, number: int, box: Area, animation: str) -> str:
        frame, is_last = self.frames[number], number == len(self.frames) - 1
        words = f"after step {step_text(frame.step)}" if frame.step else "before the first step"
        words += ", the best" if frame.step == self.best else ""
        place = f'text-anchor="end" x="{box.right - 14:g}" y="{box.top + 20:g}"'
        return (
            f'<g class="frame{" last" * is_last}" data-step="{frame.step}" '
            f'visibility="{"visible" if is_last else "hidden"}">'
            f'<text class="number" {place}>{words}</text>{frame.drawing}{animation}</g>'
        )
