"""What the lab shows of one run's network: a picture of the gallery, or in words why there is none.

A view says which run, step, member and picture, a stock what it is made of. The pane around it
decides when that is drawn, and where several runs are shown, which beside which.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from engine.errors import EpochalError
from engine.recording.lacking import lack_of, unsaid_of
from engine.text.safe import plain

from ..drawing.lists.result import Weights, has_best, weights_at_end
from ..style.look import Look
from ..style.numbers import count
from ..style.text import Lines
from ..watching.view import Trace, View

if TYPE_CHECKING:
    from engine.recording.events import Snapshot
    from engine.recording.history import History
    from engine.results.evaluation.judgement import Judgement

    from ..drawing.network.material import Material, RecordedNetwork

MOST_ROWS: Final = 2000
"""Rows of each set that a live picture is made of at most."""

WAITING: Final = "What the network does appears here."
READING: Final = "reading the data"


@dataclass(eq=False)
class Stock:
    """What the pictures of one member of a run are made of."""

    material: Material
    ready: bool = False
    """Whether the data has been read, or why not is known."""
    trouble: str = ""
    """Why there is no data."""
    closing: Weights = ""
    """Which weights are read from the checkpoint of a run that is over, since its recording has
    none."""
    network: RecordedNetwork | None = None
    """The network with these weights, once they were read."""

    @classmethod
    def of(cls, view: View, before: Stock | None = None) -> Stock | None:
        """Return a stock that is still to be read; None where the run has nothing to read yet.

        Args:
            view: What is shown.
            before: A stock of the same run, whose data is taken over.
        """
        history, member = view.history, view.member or 0
        if history is None or history.header is None or view.reading:
            return None
        if not history.header.experiment or member >= history.header.members:
            return None
        # numpy is not needed for the first frame.
        from ..drawing.network.material import Material

        material = Material(history, member, MOST_ROWS, view.folder)
        if before is not None and before.material.header is history.header:
            material.take_data(before.material)
        return cls(material, closing=_closing(view))

    def read(self) -> str:
        """Draw the data again, and return why that cannot be; it may take long."""
        try:
            self.material.prepare()
            if self.closing:
                self.network = self.material.result_network(self.closing)
        except EpochalError as error:
            return str(error)
        except Exception as error:
            # A broken library or a lack of memory costs the pictures, not the lab.
            return f"{type(error).__name__}: {error}"
        return ""

    def serves(self, view: View) -> bool:
        """Whether it is of this run; at another step of a replay it is brought there."""
        if self.closing != _closing(view):
            return False
        if self.material.history is not view.history:
            header = None if view.history is None else view.history.header
            if view.history is None or self.material.history.header is not header:
                return False
            # The same run at another step: its data is what it was.
            self.material.history = view.history
        return True


def _closing(view: View) -> Weights:
    """Return which weights only the checkpoint has: of a run that is over, too large to record."""
    history = view.history
    if history is None or history.snapshot_steps or not (history.checkpoints and view.folder):
        return ""
    return view.weights


def views_of(view: View) -> tuple[View, ...]:
    """Return what is shown of each run: of that which is looked at, then of those beside it."""
    lead = replace(view, member=shown_member(view), others=(), opinions=(), findings=())
    return (lead, *(_view_of(trace, lead) for trace in view.others))


def _view_of(trace: Trace, lead: View) -> View:
    """Return the same of a run that is shown beside another."""
    at_end = lead.weights and trace.history.end is not None
    beside = replace(
        lead,
        history=trace.history,
        whole=trace.whole,
        run=trace.run,
        folder=trace.folder,
        title=trace.title,
        label=trace.title,
        version=trace.version,
        step=trace.step,
        slot=trace.slot,
        loading=trace.loading,
        member=None,
        weights=weights_at_end(trace.history, 0, lead.weights) if at_end else "",
    )
    return replace(beside, member=shown_member(beside))


def shown_member(view: View) -> int:
    """Return whose weights are shown: where all of a population are, the first living one's."""
    if view.history is None or view.history.header is None or view.member is not None:
        return view.member or 0
    from ..drawing.members.crowd import picture_member

    return picture_member(view.history, view.member, view.at)


def has_header(history: History | None) -> bool:
    """Whether a run has begun."""
    return history is not None and history.header is not None


def is_of_rows(view: View) -> bool:
    """Whether the picture changes with every step, and not only with the weights that are kept."""
    from .gallery import VIEWS, exhibit_of

    exhibit = VIEWS.get(exhibit_of(view)) if has_header(view.history) else None
    return exhibit is not None and exhibit.of_rows


def is_judged(view: View) -> bool:
    """Whether the picture says what the network is worth, and there is one to be judged."""
    return _judges(view) and not view.reading and not why_not_judged(view)


def _judges(view: View) -> bool:
    from .gallery import VIEWS, exhibit_of

    return has_header(view.history) and VIEWS[exhibit_of(view)].judges


def why_not_judged(view: View) -> str:
    """Return why a network is not judged now, and what to do; empty where it is."""
    if view.history is None or view.history.header is None or view.folder is None:
        return WAITING
    if lack := unsaid_of(view.history.header):
        return f"There is nothing to judge: {lack}."
    if view.standing.state == "crashed":
        return (
            "This run has crashed and came to no result: g in the list of runs goes on with it. "
            f"epochal evaluate {plain(view.run)} judges what was kept of it."
        )
    if view.history.end is None or not view.weights:
        over = view.whole is not None or view.history.end is not None
        then = "end goes there" if over else "this one goes on"
        return f"A network is judged once, by what its run came to: {then}."
    if view.weights == "last" and has_best(view.history, view.member):
        return "A network is judged once, with its best weights: B shows them."
    return ""


def kept_at(view: View) -> Snapshot | None:
    """Return the newest weights at or before the step that is read."""
    return None if view.history is None else view.history.snapshot(view.at)


def key_of(view: View, stock: Stock | None, judged: Judgement | str = "") -> Hashable:
    """Return what the picture of a run depends on."""
    kept = kept_at(view)
    weights = None if kept is None else (kept.step, id(kept), view.weights)
    data = None if stock is None else (id(stock), stock.ready, stock.trouble)
    shown = (view.run, view.member, view.exhibit, view.layer, view.reading)
    if is_of_rows(view):
        weights = (view.at, view.version, view.weights)
    judging = ""
    if _judges(view):
        judging = why_not_judged(view) or (judged if isinstance(judged, str) else f"{id(judged)}")
    return shown, weights, data, has_header(view.history), judging


def draw_shown(
    view: View,
    stock: Stock | None,
    width: int,
    height: int,
    look: Look,
    judged: Judgement | str = "",
) -> Lines:
    """Return the picture of a run's network, or in words why there is none.

    Args:
        view: What is shown.
        stock: What it is made of.
        width: Cells.
        height: Lines.
        look: What to draw with.
        judged: What the network was judged to be worth, or in words how far that is.
    """
    try:
        if _judges(view) and not view.reading:
            return _drawn_judged(view, judged, (width, height), look)
        return _drawn(view, stock, width, height, look)
    except EpochalError as error:
        return look.centred(plain(str(error), lines=True), width, height)


def _drawn_judged(view: View, judged: Judgement | str, size: tuple[int, int], look: Look) -> Lines:
    from .gallery import VIEWS, Surface, exhibit_of

    why = why_not_judged(view)
    if why or isinstance(judged, str):
        return look.centred(plain(why or str(judged), lines=True), *size)
    surface = Surface(width=size[0], height=size[1], look=look, framed=True)
    return VIEWS[exhibit_of(view)].draw_judged(judged, surface)


def _drawn(view: View, stock: Stock | None, width: int, height: int, look: Look) -> Lines:
    if view.reading or stock is None or not stock.ready:
        words = view.reading or (_why_none(view) if stock is None else READING)
        return look.centred(words, width, height)
    from .gallery import VIEWS, Surface, exhibit_of, layer_of

    name = exhibit_of(view)
    exhibit = VIEWS[name]
    network = network_of(view, stock)
    if stock.trouble and exhibit.needs_data:
        words = f"The data cannot be drawn again: {plain(stock.trouble, lines=True)}"
        words += "\n\nThe weights are there: v shows them."
        return look.centred(words, width, height)
    notes = _notes(view, stock.material, name, width, look)
    surface = Surface(
        width=width,
        height=max(height - len(notes), 0),
        look=look,
        layer=layer_of(view) or None,
        framed=True,
    )
    return [*notes, *exhibit.draw(network, surface)]


def _why_none(view: View) -> str:
    """Return what to say of a run that there is nothing to draw of, yet or at all."""
    header = None if view.history is None else view.history.header
    lack = unsaid_of(header)
    return f"{lack[:1].upper()}{lack[1:]}." if lack else WAITING


def _notes(view: View, material: Material, name: str, width: int, look: Look) -> Lines:
    """Return what stands over a picture: why it is not another, what it leaves out."""
    from .gallery import VIEWS, Subject

    subject, wanted = Subject.of(material.header), view.exhibit
    notes = []
    if wanted in VIEWS and wanted != name:
        notes.append(f"No {VIEWS[wanted].title.lower()}: {VIEWS[wanted].missing(subject)}.")
    elif subject.own and not wanted:
        notes.append(
            "Only PyTorch can compute what this network says: epochal show RUN --view "
            "predictions --allow-code does."
        )
    if material.has_ends_only:
        recorded = "the first and the last are kept" if kept_at(view) else "only these are kept"
        notes.append(f"Of {count(material.numbers)} numbers {recorded}.")
    if material.thinned and VIEWS[name].needs_data:
        notes.append(f"Made of {count(MOST_ROWS)} rows of each set, evenly chosen.")
    return [line for note in notes for line in look.muted(note, width)]


def captions_of(view: View, stock: Stock | None, room: int, look: Look) -> tuple[str, str]:
    """Return which picture this is, and of which step's weights, in so many cells."""
    from .gallery import VIEWS, exhibit_of, layer_of

    if view.history is None or view.history.header is None or lack_of(view.history.header):
        return "Network", ""
    exhibit = VIEWS[exhibit_of(view)]
    layer = layer_of(view) if exhibit.of_layers else ""
    title = f"{exhibit.title} of {plain(layer)}" if layer else exhibit.title
    if stock is None or (kept_at(view) is None and stock.network is None):
        return title, ""
    try:
        return title, _whose(view, network_of(view, stock), room, look.glyphs.dot)
    except EpochalError:
        return title, ""


def network_of(view: View, stock: Stock) -> RecordedNetwork:
    """Return the network that is shown: that of a step, or the one that the run came to.

    Raises:
        ViewError: There are no weights of it.
    """
    material = stock.material
    if is_of_rows(view):
        return material.without_weights(view.at, closing=bool(view.weights))
    if not view.weights:
        return material.network(view.at)
    return stock.network or material.result_network(view.weights)


def _whose(view: View, network: RecordedNetwork, room: int, dot: str) -> str:
    """Return whose weights are shown, as much of it as there is room for."""
    step = network.whose.removeprefix("weights of ")
    if network.step != network.asked and not view.weights:
        step = f"step {count(network.step)}, last kept before {count(view.at)}"
    if is_of_rows(view):
        return f"step {count(view.at)}"
    return as_fits([(step,), network.material.member_wordings, (network.loss,)], room, dot)


def as_fits(parts: Iterable[Sequence[str]], room: int, dot: str) -> str:
    """Return as many parts as fit, each in the longest of its wordings that does."""
    words = ""
    for wordings in parts:
        longer = [f"{words}{dot}{each}" if words else each for each in wordings if each]
        fitting = [each for each in longer if not words or len(each) <= room]
        if longer and not fitting:
            break
        words = fitting[0] if fitting else words
    return words
