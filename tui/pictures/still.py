"""A run as still pictures: what ``epochal show`` prints, without Textual.

The summary, which is what it prints where no view is named:

    two-moons-20261121-093000-4f1c · Two moons
    figures of the step, result
    loss, and beside or under it accuracy
    gradient norms
    the diagnosis

The other views have that first line too, and below it one picture or table.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.style import Style
from rich.text import Text

from engine.errors import EpochalError
from engine.recording.lacking import unsaid_of
from engine.text.safe import plain

from ..drawing.base.axis import horizon
from ..drawing.base.frame import beside, widths_beside
from ..drawing.curves.curves import Curves, gather, gather_events
from ..drawing.curves.plot import draw_curves
from ..drawing.curves.quantities import Quantity, quantities_of, top_of
from ..drawing.gradients import table as gradients
from ..drawing.lists.result import place, weights_at_end
from ..drawing.lists.status import Standing, draw_status
from ..drawing.members.crowd import crowd_of, picture_member
from ..drawing.members.labels import name_of
from ..style.glyphs import BRAILLE, Glyphs
from ..style.look import Look
from ..style.palette import DARK
from ..style.text import Lines, cut, fit
from ..watching.traces import best_of
from .wish import StepError, Wish, refuse_member, refuse_view

if TYPE_CHECKING:
    from engine.recording.history import History
    from engine.runs.folder import RunFolder

    from ..drawing.lists.result import Weights
    from ..drawing.network.material import Material, RecordedNetwork
    from ..places.pane import PanePicture
    from ..watching.watch import Watch
    from .gallery import Surface

PLAIN: Final = Look(BRAILLE, DARK.without_colours())
"""What is drawn with where nothing is drawn, but only told."""


def show(folders: Sequence[RunFolder], width: int, height: int, glyphs: Glyphs, wish: Wish) -> None:
    """Print runs side by side, with colours where they are seen.

    Args:
        folders: Of the runs.
        width: Cells.
        height: Lines of each picture.
        glyphs: What to draw with.
        wish: Which picture.

    Raises:
        RecordingError: The recording cannot be read.
        ViewError: The run has no such view.
    """
    look, widths = look_of_output(glyphs), widths_beside(width, len(folders))
    watches = [read_watch(folder) for folder in folders]
    refuse_later(watches, wish)
    if len(watches) > 1 and not wish.steps and wish.step in (None, "last"):
        wish = replace(wish, reach=max(watch.history.last_step for watch in watches))
    pictures = []
    for watch, size in zip(watches, widths, strict=True):
        with named_where(watch.folder, one_of_several=len(watches) > 1):
            pictures.append(draw_wish(*with_weights(watch, wish), size, height, look))
    print_lines(beside(pictures, widths) if len(pictures) > 1 else pictures[0], width, look)


def refuse_later(watches: Sequence[Watch], wish: Wish) -> None:
    """Refuse a step that no run has come to; say which of several are shown at their last.

    Raises:
        StepError: None of them has.
    """
    if (asked := wish.number) is None:
        return
    lasts = [watch.history.last_step for watch in watches]
    if asked > max(lasts):
        name = plain(watches[lasts.index(max(lasts))].folder.name)
        raise StepError(
            f"--step {asked}: {name} has come to step {max(lasts)}; say a step up to that, or "
            "--step last"
        )
    for watch, last in zip(watches, lasts, strict=True):
        if asked > last:
            told = f"{plain(watch.folder.name)}: has come to step {last}, which is shown"
            print(told, file=sys.stderr)


@contextmanager
def named_where(folder: RunFolder, *, one_of_several: bool) -> Iterator[None]:
    """Say which of several runs is meant by what goes wrong while this is entered."""
    try:
        yield
    except EpochalError as error:
        if not one_of_several or str(error).startswith(folder.name):
            raise
        raise EpochalError(f"{plain(folder.name)}: {error}") from error


def look_of_output(glyphs: Glyphs) -> Look:
    """Return what is printed with: colours where they are seen."""
    colours = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    return Look(glyphs, DARK if colours else DARK.without_colours())


def print_lines(lines: Lines, width: int, look: Look) -> None:
    """Print a picture as it looks."""
    colours = look.palette.colours
    console = Console(width=width, color_system="256" if colours else None, highlight=False)
    for line in lines:
        if colours:
            console.print(line, no_wrap=True, crop=False, soft_wrap=True)
        else:
            print(line.plain.rstrip())


def show_preset(folder: RunFolder) -> None:
    """Print the experiment of a run as a preset that could be run again.

    Raises:
        ViewError: The recording does not say it.
    """
    from engine.presets.preset import dumps

    from ..drawing.network.material import Material, ViewError

    history = read_watch(folder).history
    if history.header is None or not history.header.experiment:
        yet = "has not begun, so nothing is recorded of it yet"
        raise ViewError(f"--preset: {plain(folder.name)}: {unsaid_of(history.header) or yet}")
    print(dumps(Material(history).experiment).rstrip())


def read_watch(folder: RunFolder) -> Watch:
    """Return a run with everything that its recording has."""
    from ..watching.watch import Watch

    watch = Watch(folder)
    watch.poll()
    while watch.behind:
        watch.poll()
    if watch.skipped:
        print(f"{plain(folder.name)}: {watch.skipped}", file=sys.stderr)
    return watch


def with_weights(watch: Watch, wish: Wish) -> tuple[Watch, Wish]:
    """Return a run that has the weights that are wanted, and what is wanted of it.

    Of a network of a sweep's group it is the same one trained again, alone, where the group has
    kept no weights of that step.

    Raises:
        RunError: It cannot be trained again.
    """
    from .gallery import GRADIENTS, VIEWS

    history, asked = watch.history, {*wish.steps, *([wish.number] if wish.number else [])}
    pictures = {name for name, view in VIEWS.items() if not view.of_rows} | {GRADIENTS, "all"}
    between = any(0 < step < history.last_step for step in asked)
    if wish.view not in pictures or not between or history.end is None:
        return watch, wish
    # It brings the schema, which a run that is not of a sweep is drawn without.
    from engine.sweeps.again import trained_again, trial_in

    trial = trial_in(watch.folder, wish.member or 0)
    if trial is None:
        return watch, wish
    return read_watch(trained_again(trial)), replace(wish, member=None)


BOTH_WIDTH: Final = 90
"""From this width on loss and accuracy stand beside each other."""


def draw_wish(watch: Watch, wish: Wish, width: int, height: int, look: Look) -> Lines:
    """Return the picture that is wanted.

    Raises:
        ViewError: The run has no such view, step or layer.
    """
    from ..drawing.network.material import ViewError
    from .gallery import RUN_VIEWS

    history = watch.history
    refuse_view(history, wish)
    refuse_member(history, wish)
    if history.header is None or not (history.header.experiment or history.header.is_foreign):
        if wish.view not in RUN_VIEWS or wish.step == "best":
            why = unsaid_of(history.header) or "the run never began"
            raise ViewError(f"--view {wish.view}: {why}; it has: summary")
        return draw_still(watch, width, height, look)
    if not wish.steps:
        still, material = of_run(watch, wish, width, look)
        return still.all(material, height) if wish.view == "all" else still.view(material, height)
    lines: Lines = []
    for step in steps_of(history, wish):
        still, material = of_run(watch, replace(wish, step=step, steps=()), width, look)
        lines += [*([Text(end="")] if lines else []), *still.view(material, height)[bool(lines) :]]
    return lines


def of_run(watch: Watch, wish: Wish, width: int = 0, look: Look = PLAIN) -> tuple[Still, Material]:
    """Return how a run stands at the step that is wanted, and what its pictures are made of."""
    from ..drawing.network.material import Material

    history, asked = watch.history, wish.number
    # Where all networks are shown, the weights are the first living one's.
    member = picture_member(history, wish.member, history.last_step if asked is None else asked)
    folder = watch.folder.recording.parent
    material = Material(history, member, folder=folder, allow_code=wish.allow_code)
    material.varying = wish.varying
    still = Still(
        watch=watch,
        look=look,
        width=width,
        step=step_of(history, wish, material),
        wish=wish,
        weights=weights_of(history, wish),
    )
    return still, material


def steps_of(history: History, wish: Wish) -> list[int]:
    """Return the steps of a print-out: those that are asked for and there.

    Raises:
        ViewError: There are none; with those that are there.
    """
    from ..drawing.network.material import ViewError
    from .gallery import GRADIENTS, VIEWS

    there: Collection[int] = range(history.last_step + 1)
    if wish.view == GRADIENTS:
        # An update's gradient is that of the weights before it.
        there = [step + 1 for step in history.snapshot_steps if step < history.last_step]
    elif wish.view in VIEWS and not VIEWS[wish.view].of_rows:
        there = history.snapshot_steps
    steps = [step for step in wish.steps if step in there]
    if not steps:
        some = ", ".join([str(step) for step in list(there)[:10]] + ["…"] * (len(there) > 10))
        those = f"there are: {some}" if some else "there are none"
        raise ViewError(f"--steps: none of these has --view {wish.view}; {those}")
    return steps


def draw_still(
    watch: Watch, width: int, height: int, look: Look, *, step: int | None = None
) -> Lines:
    """Return the picture of a run at a step, or at its newest."""
    last = watch.history.last_step
    at = last if step is None else min(step, last)
    return Still(watch=watch, look=look, width=width, step=at).summary(height)


def step_of(history: History, wish: Wish, material: Material) -> int:
    """Return the step that is shown."""
    asked = material.best_step() if wish.step == "best" else wish.number
    return history.last_step if asked is None else min(asked, history.last_step)


def weights_of(history: History, wish: Wish) -> Weights:
    """Return which weights are shown, where that is what a run that is over came to."""
    if history.end is None or wish.step == "best" or wish.number is not None:
        return ""
    return weights_at_end(history, wish.member or 0, "last" if wish.step == "last" else "")


@dataclass(frozen=True, kw_only=True)
class Still:
    """A run at a step, and how it is drawn."""

    watch: Watch
    look: Look
    width: int
    step: int
    wish: Wish = field(default_factory=Wish)
    weights: Weights = ""
    """Which weights of a run that is over."""

    @property
    def history(self) -> History:
        """The run's."""
        return self.watch.history

    @property
    def standing(self) -> Standing:
        """How the run stands: one network of a population, or all."""
        header = self.history.header
        alone = header is not None and header.members == 1
        member = 0 if alone else self.wish.member
        return self.watch.standing(self.step, member, weights=self.weights)

    def all(self, material: Material, height: int) -> Lines:
        """Return every view that the run has, one after the other."""
        from .gallery import applying

        lines: Lines = []
        for name in applying(material):
            try:
                picture = replace(self, wish=replace(self.wish, view=name)).view(material, height)
                # Each has the run's name over it; here once is enough.
                drawn = picture if name == "summary" else picture[1:]
            except EpochalError as error:
                drawn = [self._words(" ".join(f"{name}: {error}".split()))]
            lines += [*([self._blank()] if lines else []), *drawn]
        return lines

    def view(self, material: Material, height: int) -> Lines:
        """Return one view, with the run's name over it."""
        from .gallery import GRADIENTS, PANE_VIEWS, draw_view

        name = self.wish.view
        if name == "summary":
            return self.summary(height)
        if name == "curves":
            picture = self._curves(height - 1)
        elif name == "norms":
            picture = self._norms(height)[1:] or [self._words("no gradient norms yet")]
        elif name == GRADIENTS:
            from .gradient import draw_gradient

            picture = draw_gradient(material, self.step, self._surface(height - 1))
        elif name in quantities_of(self.history):
            picture = self._curve(name, self.width, height - 1)
        elif name in PANE_VIEWS:
            picture = self._of_pane(PANE_VIEWS[name].load(), height - 1)
        else:
            picture = draw_view(name, self.network(material), self._surface(height - 1))
        return [self._title(*self._of(material)), *picture]

    def _of(self, material: Material) -> tuple[str, ...]:
        """Return where the run is shown, and of which network of several a picture is."""
        from .gallery import GRADIENTS, VIEWS

        name, member = self.wish.view, self.wish.member
        if name == GRADIENTS or (name in VIEWS and not self._is_of_rows):
            member = material.member
        whose = material.member_wordings[1:2] if member is not None else ()
        return place(self.history, member, self.weights), *whose

    @property
    def _is_of_rows(self) -> bool:
        from .gallery import VIEWS

        return self.wish.view in VIEWS and VIEWS[self.wish.view].of_rows

    def network(self, material: Material) -> RecordedNetwork:
        """Return the network that is shown: that of a step, or the one that the run came to."""
        if self._is_of_rows:
            return material.without_weights(self.step, closing=bool(self.weights))
        if self.weights:
            return material.result_network(self.weights)
        return material.network(self.step, best=self.wish.step == "best")

    def _surface(self, height: int) -> Surface:
        from .gallery import Surface

        return Surface(width=self.width, height=height, look=self.look, layer=self.wish.layer)

    def _of_pane(self, pane: PanePicture, height: int) -> Lines:
        """Return what a pane shows."""
        from ..drawing.network.material import ViewError

        if not pane.there(self.history, self.step):
            raise ViewError(f"--view {self.wish.view}: {pane.missing(self.history)}")
        return pane.draw(self.history, self.step, (self.width, height), self.look)

    def summary(self, height: int) -> Lines:
        """Return how the run stands, its curves, its gradients and what is wrong with it."""
        lines = [self._title(), *draw_status(self.standing, self.width, 2, self.look)]
        if self.history.header is not None:
            from engine.data.row_sample import drawn_of

            lines += map(self._words, drawn_of(self.history.header.files))
            table = self._norms(max(height - 3 - 8, 0))
            diagnosis = self._diagnosis((height - len(lines)) // 3)
            room = height - len(lines) - len(table) - len(diagnosis)
            lines += [*(self._beside(room) if room > 0 else []), *table, *diagnosis]
        return [cut(line, self.width) for line in lines[:height]]

    def _title(self, *of: str) -> Text:
        """Return the run's name and title, and where it is shown."""
        parts = (self.watch.folder.name, *of, plain(self.watch.title))
        words = self.look.glyphs.dot.join(filter(None, parts))
        return self._words(words, self.look.style("train", bold=True))

    def _words(self, words: str, style: Style | str = "") -> Text:
        """Return a line of words, shortened to what has room."""
        said = Text(fit(words, self.width, self.look.glyphs.ellipsis), style, end="")
        return cut(said, self.width)

    def _blank(self) -> Text:
        return Text(" " * self.width, end="")

    def _diagnosis(self, room: int) -> Lines:
        """Return what is wrong at the step, under an empty line: as much as there is room."""
        from engine.diagnosis.report import HEALTHY, findings_of

        from ..drawing.lists.diagnosis import draw_findings
        from ..style import severity

        if room < 2 or not self.step:
            return []
        look = self.look
        findings = findings_of(self.history, self.step, self.wish.member)
        blocks = draw_findings(findings, -1, self.step, self.width, look)
        lines = [line for block in blocks for line in block]
        if not findings:
            words = fit(HEALTHY, max(self.width - 2, 1), look.glyphs.ellipsis)
            words = f"{severity.symbol('good', look.glyphs)} {words}"
            lines = [Text(words, severity.style("good", look.palette), end="")]
        return [cut(line, self.width) for line in [Text(end=""), *lines[: room - 1]]]

    def _curves(self, height: int) -> Lines:
        """Return loss and accuracy in all the room there is: beside or over one another.

        Where there is room for neither, the loss is what counts.
        """
        if self._has_accuracy and self.width < BOTH_WIDTH and height >= 16:
            upper = height - height // 2
            return [
                *self._curve("loss", self.width, upper),
                *self._curve("accuracy", self.width, height // 2),
            ]
        return self._beside(height) if height > 0 else []

    def _beside(self, height: int) -> Lines:
        """Return the loss, and the accuracy beside it where there is one and room for it."""
        if not self._has_accuracy or self.width < BOTH_WIDTH:
            return self._curve(quantities_of(self.history)[0], self.width, height)
        half = (self.width - 2) // 2
        both = (self._curve("loss", half, height), self._curve("accuracy", half, height))
        return beside(both, (half, half))

    @property
    def _has_accuracy(self) -> bool:
        rows = self.history.series.get("train")
        return rows is not None and "accuracy" in rows.columns

    def _curve(self, quantity: Quantity, width: int, height: int) -> Lines:
        history, at, member = self.history, self.step, self.wish.member
        standing = self.standing
        over = standing.state in ("ended", "crashed") or at < history.last_step
        newest = at >= history.last_step
        last = max(at if over else horizon(at, standing.steps), self.wish.reach)
        marks, requests = gather_events(history, at)
        curves = Curves(
            curves=gather(history, quantity, step=at, last=last, width=width, member=member),
            crowd=crowd_of(history, at) if member is None else None,
            member=name_of(history, member),
            last=last,
            place=place(history, member, "last" if newest and history.end else ""),
            best=best_of(history, member) if newest else None,
            marks=marks,
            requests=requests,
            log=self.wish.log and quantity != "accuracy",
            top=top_of(history, quantity),
        )
        title = Text(plain(quantity), self.look.style("text", bold=True), end="")
        return [cut(title, width), *draw_curves(curves, width, height - 1, self.look)][:height]

    def _norms(self, height: int) -> Lines:
        """Return the gradient table; of more layers than fit, the first and the last."""
        history, width, look = self.history, self.width, self.look
        past = history.end is not None or self.step < history.last_step
        table = gradients.gather(
            history, step=self.step, width=width, member=self.wish.member, cursor=past
        )
        if table is None or height < 4:
            return []
        rows = gradients.draw_rows(table, width, look)
        room = height - 3
        if len(rows) > room:
            head = (room - 1) // 2
            words = f"{look.glyphs.ellipsis} {len(rows) - room + 1} more layers"
            between = cut(Text(words, look.style("muted"), end=""), width)
            rows = [*rows[:head], between, *rows[len(rows) - (room - 1 - head) :]]
        heading = gradients.draw_heading(table, width, look)
        return [self._blank(), heading, *rows, gradients.draw_footing(table, width, look)]
