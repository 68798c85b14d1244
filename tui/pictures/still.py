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
import re
import shutil
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

from rich.console import Console
from rich.text import Text

from engine.errors import EpochalError
from engine.text.safe import plain

from ..drawing.base.axis import horizon
from ..drawing.curves.curves import Curves, gather, gather_events
from ..drawing.curves.plot import draw_curves
from ..drawing.curves.quantities import Quantity
from ..drawing.gradients import table as gradients
from ..drawing.lists.result import place, weights_at_end
from ..drawing.lists.status import Standing, draw_status
from ..drawing.members.crowd import crowd_of
from ..drawing.members.labels import name_of
from ..style.glyphs import Glyphs
from ..style.look import Look
from ..style.palette import DARK
from ..style.text import Lines, cut, fit
from ..watching.traces import best_of

if TYPE_CHECKING:
    from engine.recording.history import History
    from engine.runs.folder import RunFolder

    from ..drawing.lists.result import Weights
    from ..drawing.network.material import Material
    from ..watching.watch import Watch

DEFAULT_SIZE: Final = (100, 30)
LARGEST: Final = 1000


class SizeError(EpochalError):
    """A size that is none."""


def parse_size(text: str) -> tuple[int, int]:
    """Return what ``100x30`` says.

    Raises:
        SizeError: It says no size.
    """
    match = re.fullmatch(r"(\d{1,4})[xX×](\d{1,4})", text.strip())
    if not match or not all(1 <= int(part) <= LARGEST for part in match.groups()):
        raise SizeError(
            f"--size: must be as in 100x30, from 1x1 to {LARGEST}x{LARGEST} (got {text!r})"
        )
    return int(match[1]), int(match[2])


def terminal_size() -> tuple[int, int]:
    """Return the terminal's size, a line left for the prompt; 100x30 where there is none."""
    if not sys.stdout.isatty():
        return DEFAULT_SIZE
    size = shutil.get_terminal_size(DEFAULT_SIZE)
    return max(size.columns, 1), max(size.lines - 1, 1)


Step = int | Literal["best", "last"] | None
"""A step, the one whose weights did best on the dev set, or the last. Where nothing is asked for,
a run that is over is shown at its result, and any other at its newest step."""


class StepError(EpochalError):
    """A step that is none."""


def parse_step(text: str) -> Step:
    """Return what ``512``, ``best`` or ``last`` says.

    Raises:
        StepError: It says no step.
    """
    if text.strip() == "best":
        return "best"
    if text.strip() == "last":
        return "last"
    if not re.fullmatch(r"[0-9]{1,12}", text.strip()):
        raise StepError(f"--step: must be a step, from 0 on, or: best, last (got {text!r})")
    return int(text)


@dataclass(frozen=True, kw_only=True)
class Wish:
    """Which picture of a run is wanted."""

    view: str = "summary"
    step: Step = None
    layer: str | None = None
    """Which layer or parameter, for the views of weights; all of them where left out."""
    member: int | None = None
    """Which network of a population, counted from 0; all of them together where left out."""
    log: bool = False
    """Whether the loss has a logarithmic axis."""


def show(folder: RunFolder, width: int, height: int, glyphs: Glyphs, wish: Wish) -> None:
    """Print a run, with colours where they are seen.

    Args:
        folder: The run.
        width: Cells.
        height: Lines of each picture.
        glyphs: What to draw with.
        wish: Which picture.

    Raises:
        RecordingError: The recording cannot be read.
        ViewError: The run has no such view.
    """
    watch = _read(folder)
    colours = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    palette = DARK if colours else DARK.without_colours()
    lines = draw_wish(watch, width, height, Look(glyphs, palette), wish)
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

    history = _read(folder).history
    if history.header is None or not history.header.experiment:
        raise ViewError(f"--preset: {folder.name} has not begun, so nothing is recorded of it yet")
    print(dumps(Material(history).experiment).rstrip())


def _read(folder: RunFolder) -> Watch:
    """Return a run with everything that its recording has."""
    from ..watching.watch import Watch

    watch = Watch(folder)
    watch.poll()
    while watch.behind:
        watch.poll()
    return watch


def draw_wish(watch: Watch, width: int, height: int, look: Look, wish: Wish) -> Lines:
    """Return the picture that is wanted.

    Raises:
        ViewError: The run has no such view, step or layer.
    """
    from ..drawing.network.material import Material, ViewError
    from .gallery import NAMES, RUN_VIEWS

    if wish.view not in NAMES:
        raise ViewError(f"--view: there is no {wish.view!r}; there are: {', '.join(NAMES)}")
    size = (width, height)
    header = watch.history.header
    _refuse_member(watch, wish)
    material = None
    if header is not None:
        beside = watch.folder.recording.parent
        material = Material(watch.history, _pictured(watch, wish), folder=beside)
    if material is None or not watch.history.header or not watch.history.header.experiment:
        if wish.view not in RUN_VIEWS or wish.step == "best":
            raise ViewError(f"--view {wish.view}: the run never began; it has: summary")
        return draw_still(watch, width, height, look)
    at = material.best_step() if wish.step == "best" else _number(wish)
    if wish.view == "all":
        return _draw_all(watch, material, size, look, wish, at)
    return _draw_named(watch, material, size, look, wish, at)


def _pictured(watch: Watch, wish: Wish) -> int:
    """Return whose weights are shown: the first living network's where all are."""
    from ..drawing.members.crowd import picture_member

    history = watch.history
    number = _number(wish)
    step = history.last_step if number is None else number
    return picture_member(history, wish.member, step)


def _number(wish: Wish) -> int | None:
    """Return the step that is asked for by its number."""
    return wish.step if isinstance(wish.step, int) else None


def _weights_of(history: History, wish: Wish) -> Weights:
    """Return which weights are shown, where that is what a run that is over came to."""
    if history.end is None or wish.step == "best" or _number(wish) is not None:
        return ""
    chosen: Weights = "last" if wish.step == "last" else ""
    return weights_at_end(history, wish.member or 0, chosen)


def _draw_all(
    watch: Watch,
    material: Material,
    size: tuple[int, int],
    look: Look,
    wish: Wish,
    at: int | None,
) -> Lines:
    """Return every view that the run has, one after the other."""
    from .gallery import applying

    lines: Lines = []
    for name in applying(material):
        one = replace(wish, view=name)
        try:
            picture = _draw_named(watch, material, size, look, one, at)
            # Each has the run's name over it; here once is enough.
            own = picture if name == "summary" else picture[1:]
        except EpochalError as error:
            words = " ".join(f"{name}: {error}".split())
            own = [cut(Text(fit(words, size[0], look.glyphs.ellipsis), end=""), size[0])]
        lines += [*([Text(" " * size[0], end="")] if lines else []), *own]
    return lines


def _draw_named(
    watch: Watch,
    material: Material,
    size: tuple[int, int],
    look: Look,
    wish: Wish,
    at: int | None,
) -> Lines:
    """Return one view, with the run's name over it."""
    from .gallery import Surface, draw_view

    width, height = size
    history = watch.history
    step = history.last_step if at is None else min(at, history.last_step)
    weights = _weights_of(history, wish)
    if wish.view == "summary":
        return draw_still(
            watch,
            width,
            height,
            look,
            step=step,
            member=wish.member,
            weights=weights,
            log=wish.log,
        )
    of = place(history, material.member, weights)
    title = _title(watch, width, look, of)
    if wish.view == "curves":
        standing = watch.standing(step, wish.member)
        picture = _draw_curves(history, standing, step, (width, height - 1), look, wish)
    elif wish.view == "norms":
        picture = _draw_norms(history, step, width, height, look, wish.member)[1:]
        picture = picture or [cut(Text("no gradient norms yet", end=""), width)]
    else:
        network = (
            material.result_network(weights)
            if weights
            else material.network(step, best=wish.step == "best")
        )
        surface = Surface(
            width=width,
            height=height - 1,
            look=look,
            layer=wish.layer,
        )
        picture = draw_view(wish.view, network, surface)
    return [title, *picture]


def _title(watch: Watch, width: int, look: Look, of: str = "") -> Text:
    """Return the run's name and title, and where it is shown."""
    parts = (watch.folder.name, of, plain(watch.title))
    words = look.glyphs.dot.join(part for part in parts if part)
    return cut(
        Text(fit(words, width, look.glyphs.ellipsis), look.style("train", bold=True), end=""), width
    )


def draw_still(
    watch: Watch,
    width: int,
    height: int,
    look: Look,
    *,
    step: int | None = None,
    member: int | None = None,
    weights: Weights = "",
    log: bool = False,
) -> Lines:
    """Return the picture of a run at a step: of one network of a population, or of all."""
    history = watch.history
    at = history.last_step if step is None else min(step, history.last_step)
    alone = history.header is not None and history.header.members == 1
    standing = watch.standing(at, 0 if alone else member, weights=weights)
    lines: Lines = [_title(watch, width, look)]
    lines += draw_status(standing, width, 2, look)
    if history.header is None:
        return [cut(line, width) for line in lines[:height]]
    table = _draw_norms(history, at, width, max(height - 3 - 8, 0), look, member)
    found = _draw_diagnosis(history, at, (width, (height - len(lines)) // 3), look, member)
    room = height - len(lines) - len(table) - len(found)
    lines += (
        _draw_pictures(history, standing, at, (width, room), look, Wish(member=member, log=log))
        if room > 0
        else []
    )
    return [cut(line, width) for line in [*lines, *table, *found][:height]]


def _draw_diagnosis(
    history: History,
    at: int,
    size: tuple[int, int],
    look: Look,
    member: int | None,
) -> Lines:
    """Return what is wrong with a run at a step, under an empty line: as much as there is room."""
    from engine.diagnosis.told import HEALTHY, findings_of

    from ..drawing.lists.diagnosis import draw_findings
    from ..style import severity

    width, room = size
    if room < 2 or not at:
        return []
    findings = findings_of(history, at, member)
    blocks = draw_findings(findings, -1, at, width, look)
    lines = [line for block in blocks for line in block]
    if not findings:
        mark = Text(
            f"{severity.symbol('good', look.glyphs)} ", severity.style("good", look.palette), end=""
        )
        lines = [mark.append(fit(HEALTHY, max(width - 2, 1), look.glyphs.ellipsis))]
    return [cut(line, width) for line in [Text(end=""), *lines[: room - 1]]]


def show_object(folder: RunFolder, wish: Wish) -> None:
    """Print a run's figures and its diagnosis at a step as one JSON object.

    Raises:
        RecordingError: The recording cannot be read.
        ViewError: There is no such step or member.
    """
    import json

    from engine.diagnosis.told import findings_of, plain_object
    from engine.recording.best import best_step

    watch = _read(folder)
    history, header = watch.history, watch.history.header
    _refuse_member(watch, wish)
    at = history.last_step
    if wish.step is not None and header is not None:
        from ..drawing.network.material import Material

        material = Material(history, wish.member or 0)
        number = _number(wish)
        asked = material.best_step() if wish.step == "best" else number
        at = at if asked is None else min(asked, at)
    end = history.end
    told = {
        "name": folder.name,
        "title": watch.title or None,
        "state": watch.standing(history.last_step, wish.member).state,
        "step": at,
        "best_step": best_step(history, wish.member or 0) if header is not None else None,
        "steps": header.steps if header is not None else None,
        "members": header.members if header is not None else None,
        "status": end.status if end else None,
        "reason": end.reason if end else None,
        "result": dict(end.result) if end else None,
        "diagnosis": [plain_object(each) for each in findings_of(history, at, wish.member)],
        "layers": _layers_of(history, at, wish.member),
    }
    print(json.dumps(told, ensure_ascii=False))


def _layers_of(history: History, at: int, member: int | None) -> dict[str, str]:
    """Return the verdict on each layer; on the medians of a population's members."""
    from engine.diagnosis import verdicts

    return {layer: verdict.word for layer, verdict in verdicts(history, at, member).items()}


def _refuse_member(watch: Watch, wish: Wish) -> None:
    """Refuse a member that there is not.

    Raises:
        ViewError: With those there are.
    """
    from ..drawing.network.material import ViewError

    header = watch.history.header
    if wish.member is not None and header is not None and not 0 <= wish.member < header.members:
        raise ViewError(f"--member: must be from 1 to {header.members} (got {wish.member + 1})")


def _draw_pictures(
    history: History,
    standing: Standing,
    at: int,
    size: tuple[int, int],
    look: Look,
    wish: Wish,
) -> Lines:
    """Return the loss, and the accuracy beside it where there is one and room for it."""
    width, height = size
    both = "accuracy" in _columns(history) and width >= 90
    if not both:
        return _draw_one(history, standing, at, "loss", (width, height), look, wish)
    half = (width - 2) // 2
    left = _draw_one(history, standing, at, "loss", (half, height), look, wish)
    right = _draw_one(history, standing, at, "accuracy", (half, height), look, wish)
    return [Text.assemble(a, "  ", b, end="") for a, b in zip(left, right, strict=True)]


def _draw_curves(
    history: History,
    standing: Standing,
    at: int,
    size: tuple[int, int],
    look: Look,
    wish: Wish,
) -> Lines:
    """Return loss and accuracy in all the room there is: beside each other, or one over the other.

    Where there is room for neither, the loss is what counts.
    """
    width, height = size
    both = "accuracy" in _columns(history)
    if both and width < 90 and height >= 16:
        upper = height - height // 2
        return [
            *_draw_one(history, standing, at, "loss", (width, upper), look, wish),
            *_draw_one(history, standing, at, "accuracy", (width, height // 2), look, wish),
        ]
    if height <= 0:
        return []
    return _draw_pictures(history, standing, at, size, look, wish)


def _columns(history: History) -> tuple[str, ...]:
    rows = history.series.get("train")
    return tuple(rows.columns) if rows is not None else ()


def _draw_one(
    history: History,
    standing: Standing,
    at: int,
    quantity: Quantity,
    size: tuple[int, int],
    look: Look,
    wish: Wish,
) -> Lines:
    width, height = size
    member = wish.member
    over = standing.state in ("ended", "crashed") or at < history.last_step
    last = at if over else horizon(at, standing.steps)
    marks, requests = gather_events(history, at)
    curves = Curves(
        curves=gather(history, quantity, step=at, last=last, width=width, member=member),
        crowd=crowd_of(history, at) if member is None else None,
        member=name_of(history, member),
        last=last,
        place=place(history, member, "last" if at >= history.last_step and history.end else ""),
        best=best_of(history, member) if at >= history.last_step else None,
        marks=marks,
        requests=requests,
        log=wish.log and quantity != "accuracy",
        top=1.0 if quantity == "accuracy" else None,
    )
    title = Text(quantity, look.style("text", bold=True), end="")
    return [cut(title, width), *draw_curves(curves, width, height - 1, look)][:height]


def _draw_norms(
    history: History,
    at: int,
    width: int,
    height: int,
    look: Look,
    member: int | None,
) -> Lines:
    """Return the gradient table; of more layers than fit, the first and the last."""
    past = history.end is not None or at < history.last_step
    table = gradients.gather(history, step=at, width=width, member=member, cursor=past)
    if table is None or height < 4:
        return []
    rows = gradients.draw_rows(table, width, look)
    room = height - 3
    if len(rows) > room:
        head = (room - 1) // 2
        left_out = len(rows) - room + 1
        between = Text(
            f"{look.glyphs.ellipsis} {left_out} more layers", look.style("muted"), end=""
        )
        rows = [*rows[:head], cut(between, width), *rows[len(rows) - (room - 1 - head) :]]
    return [
        Text(" " * width, end=""),
        gradients.draw_heading(table, width, look),
        *rows,
        gradients.draw_footing(table, width, look),
    ]
