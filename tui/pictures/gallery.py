"""The views of a run that ``epochal show`` prints and the lab's network pane goes through.

Which of them a run has follows from its header alone: no schema, no data, no weights are needed
to ask. To add a view, add its row to ``VIEWS``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from rich.text import Text

from ..places.pane import ByPicture
from ..places.registry import PANES
from ..style.look import Look
from ..style.text import Lines

if TYPE_CHECKING:
    from engine.recording.events import Header
    from engine.results.evaluation.judgement import Judgement

    from ..drawing.network.material import Material, RecordedNetwork
    from ..watching.view import View

LEAST_LINES: Final = 12
"""Lines of a picture that shares a view with others, at least where the view has as many."""


@dataclass(frozen=True, kw_only=True)
class Surface:
    """What a picture is to be drawn on, and with what."""

    width: int
    height: int
    look: Look
    layer: str | None = None
    """Which layer or parameter, for the views of weights."""
    framed: bool = False
    """Whether a frame around it names the picture and its step, so that the picture need not."""

    def shared(self, pictures: int) -> int:
        """Return the lines of each picture where a view has several, with blank ones between."""
        lines = (self.height + 1) // max(pictures, 1) - 1
        return self.height if pictures == 1 else max(lines, min(self.height, LEAST_LINES))


@dataclass(frozen=True)
class Subject:
    """What a recorded network is about, as far as its header says."""

    classes: bool
    """Whether it tells classes apart."""
    inputs: int
    """How many inputs a row has."""
    numbers: int
    """How many of them are numbers, and not one of the values of a category."""
    own: bool
    """Whether it is a network from a Python file."""
    may_run: bool = False
    """Whether code from a Python file may be run."""
    members: int = 1
    """How many networks were trained side by side."""
    fresh: bool = False
    """Whether every step drew rows of its own."""
    pictures: bool = False
    """Whether its rows are pictures."""

    @classmethod
    def of(cls, header: Header, *, may_run: bool = False) -> Subject:
        """Return what a recording's network is about."""
        return cls(
            classes="accuracy" in header.columns.get("train", ()),
            inputs=header.inputs,
            numbers=_numbers_of(header),
            own=header.experiment.get("model", {}).get("kind", "mlp") != "mlp",
            may_run=may_run,
            members=header.members,
            fresh=not any(header.rows),
            pictures=_has_pictures(header),
        )


def _numbers_of(header: Header) -> int:
    """Return how many inputs of a row are numbers, as far as the recording says."""
    columns = header.raw_columns
    return sum(each.get("kind", "number") == "number" for each in columns) or (
        0 if columns else header.inputs
    )


def _has_pictures(header: Header) -> bool:
    """Whether a row is a picture, grey or in colour, of as many pixels as it has inputs."""
    shape = header.row_shape
    is_picture = len(shape) == 3 and shape[0] in (1, 3) and min(shape) > 0
    return is_picture and math.prod(shape) == header.inputs


Numbers = Callable[["RecordedNetwork", str | None], Mapping[str, object]]


@dataclass(frozen=True, kw_only=True)
class Exhibit:
    """One view of a network, and what a network must have for it."""

    title: str
    """What stands over it."""
    about: str
    """What it shows."""
    picture: str
    """The module in ``tui.drawing`` whose ``gather`` asks the network, and the function there that
    draws what it returns."""
    classes: bool | None = None
    """Whether targets must be classes, or numbers; None where either will do."""
    inputs: int | None = None
    """How many inputs vary, where that matters; of a network that has more the others are held."""
    answers: bool = True
    """Whether the network is asked, which of one's own only PyTorch can."""
    of_sums: bool = False
    """Whether it shows what is computed inside of the network."""
    members: int = 1
    """How many networks there must be at least."""
    fresh: bool = False
    """Whether every step must have drawn rows of its own."""
    pictures: bool = False
    """Whether rows must be pictures."""
    needs_data: bool = True
    """Whether it is made of the data, drawn again."""
    of_rows: bool = False
    """Whether it shows what was measured, and needs neither data nor weights."""
    of_layers: bool = False
    """Whether it can show one layer alone."""
    judges: bool = False
    """Whether it says what the run's result is worth: that takes seconds, so that the lab has it
    made by another process, and has as many lines as there is to say."""
    numbers: Numbers | None = None
    """What it shows as numbers, of a layer or of all, for JSON; none where it is a picture."""

    def missing(self, subject: Subject) -> str:
        """Return what a network lacks for this view; empty where it has everything."""
        if self.classes is not None and self.classes != subject.classes:
            needed, has = "targets that are numbers", "this run has classes"
            if self.classes:
                needed, has = "classes", "this run's targets are numbers"
            return f"needs {needed}, {has}"
        if self.inputs is not None and self.inputs > subject.numbers:
            number = "an input that is a number" if self.inputs == 1 else "two inputs, both numbers"
            return f"needs {number}; this run has {subject.numbers or 'none'}"
        if self.is_cut(subject) and subject.pictures:
            return "needs inputs that mean something by themselves, a row of this run is a picture"
        if self.fresh and not subject.fresh:
            return "needs fresh rows at every step, this run has sets of them"
        if self.pictures and not subject.pictures:
            return f"needs pictures, a row of this run is {subject.inputs} numbers"
        if self.of_sums and subject.own:
            return "needs layers whose sums are known, a network of one's own has its own code"
        if self.answers and subject.own and not subject.may_run:
            return "needs to run this network's own code: epochal show RUN --allow-code does"
        return "" if subject.members >= self.members else "needs several members, this run has one"

    def is_cut(self, subject: Subject) -> bool:
        """Whether it shows some inputs, and holds the others."""
        return self.inputs not in (None, subject.inputs)

    def draw(self, network: RecordedNetwork, surface: Surface) -> Lines:
        """Return the view."""
        module, _, function = self.picture.rpartition(".")
        source: Any = import_module(f"..drawing.{module}", __package__)
        draw: Callable[..., Lines] = getattr(source, function)
        if self.of_layers:
            return stacked(source.gather(network, surface.layer), draw, surface)
        if self.judges:
            return self.draw_judged(source.gather(network), surface)
        # A frame around it says what the first line does, but for whose results they are.
        first = int(surface.framed and not self.of_rows)
        size = surface.width, surface.height + first
        return draw(source.gather(network), *size, surface.look)[first:]

    def draw_judged(self, judgement: Judgement, surface: Surface) -> Lines:
        """Return the view of what a network was judged to be worth."""
        module, _, function = self.picture.rpartition(".")
        source: Any = import_module(f"..drawing.{module}", __package__)
        lines: Lines = getattr(source, function)(judgement, surface.width, surface.look)
        return lines[int(surface.framed) :]


def _weight_numbers(network: RecordedNetwork, layer: str | None) -> Mapping[str, object]:
    names = network.material.header.parameters
    wanted = dict(network.matrices(layer)) if layer else {n: network.weights[n] for n in names}
    return {"parameters": wanted}


def _activation_numbers(network: RecordedNetwork, layer: str | None) -> Mapping[str, object]:
    from ..drawing.network.activations import gather

    return {"layers": {each.name: each.numbers() for each in gather(network, layer)}}


def _test_numbers(network: RecordedNetwork, layer: str | None) -> Mapping[str, object]:
    from ..drawing.network.unseen_rows import gather

    tests = gather(network)
    return {"inputs": tests.inputs, "predictions": tests.outputs, "targets": tests.targets}


def _judged_numbers(network: RecordedNetwork, layer: str | None) -> Mapping[str, object]:
    from ..drawing.network.evaluation import evaluated

    return evaluated(network)


def stacked(pictures: Sequence[Any], draw: Callable[..., Lines], surface: Surface) -> Lines:
    """Return pictures of layers one over the other, a blank line between them.

    They are drawn without the facts that a frame around all of them says.
    """
    height = surface.shared(len(pictures))
    lines: Lines = []
    for picture in pictures:
        bare = replace(picture, facts=()) if surface.framed else picture
        lines += [Text(end="")] if lines else []
        lines += draw(bare, surface.width, height, surface.look)
    return lines


VIEWS: Final[Mapping[str, Exhibit]] = {
    "function": Exhibit(
        title="Fitted function",
        about="the fitted functions of an input against their targets",
        picture="network.function.draw_function",
        classes=False,
        inputs=1,
    ),
    "region": Exhibit(
        title="Decision region",
        about="the decision region of two inputs, with the points of the three sets",
        picture="network.region.draw_region",
        classes=True,
        inputs=2,
    ),
    "tests": Exhibit(
        title="Ten tests",
        about="ten new rows, and what the network says of them",
        picture="network.unseen_rows.draw_tests",
        fresh=True,
        numbers=_test_numbers,
    ),
    "pictures": Exhibit(
        title="Pictures",
        about="some of the pictures, and what the network says of them",
        picture="network.thumbnails.draw_thumbnails",
        classes=True,
        pictures=True,
    ),
    "predictions": Exhibit(
        title="Predictions",
        about="rows, and what the network says of them",
        picture="network.predictions.draw_predictions",
    ),
    "confusion": Exhibit(
        title="Confusion matrix",
        about="which class was taken for which",
        picture="network.confusion.draw_confusion",
        classes=True,
    ),
    "evaluation": Exhibit(
        title="Evaluation",
        about="what it is worth on the test set, which columns matter, and the worst rows",
        picture="network.evaluation.draw_evaluation",
        judges=True,
        numbers=_judged_numbers,
    ),
    "distribution": Exhibit(
        title="Distribution of results",
        about="how the results of a population's members lie",
        picture="network.distribution.draw_distribution",
        members=2,
        answers=False,
        needs_data=False,
        of_rows=True,
    ),
    "activations": Exhibit(
        title="Activations",
        about="each layer's activation and its slope, over what goes into it",
        picture="network.activations.draw_sums",
        of_sums=True,
        of_layers=True,
        numbers=_activation_numbers,
    ),
    "histogram": Exhibit(
        title="Histogram of weights",
        about="the weights' distribution",
        picture="network.histogram.draw_histogram",
        answers=False,
        needs_data=False,
        of_layers=True,
    ),
    "weights": Exhibit(
        title="Weights",
        about="the weights as numbers",
        picture="base.matrix.draw_layer",
        answers=False,
        needs_data=False,
        of_layers=True,
        numbers=_weight_numbers,
    ),
}
"""The views of a network's weights, in the order in which they are shown."""

RUN_VIEWS: Final = ("summary", "curves", "norms")
"""The views of a whole run, which need no weights."""

PANE_VIEWS: Final = {
    pane.shown.view: pane.shown
    for pane in PANES
    if isinstance(pane.shown, ByPicture) and pane.shown.view
}
"""The views that are a pane's picture. They are of a run, not of what it learned, and so they are
not among ``all``."""

GRADIENTS: Final = "gradients"
"""The view that only PyTorch computes. The lab, which has none, has the microscope."""

NAMES: Final = (*RUN_VIEWS, *VIEWS, GRADIENTS, *PANE_VIEWS, "all")


def applying(material: Material) -> list[str]:
    """Return the names of the views that a run has."""
    return [*RUN_VIEWS, *exhibits(material.header, may_run=material.allow_code)]


def exhibits(header: Header, *, may_run: bool = False) -> list[str]:
    """Return the names of the views of a network's weights that a run has.

    What shows all that a network knows comes before a cut through it.
    """
    subject = Subject.of(header, may_run=may_run)
    there = [name for name, view in VIEWS.items() if not view.missing(subject)]
    return sorted(there, key=lambda name: VIEWS[name].is_cut(subject))


def exhibit_of(view: View) -> str:
    """Return the exhibit that is shown: the one that was chosen, or else the first there is."""
    header = view.history.header if view.history is not None else None
    if header is None:
        return view.exhibit
    names = exhibits(header)
    return view.exhibit if view.exhibit in names else names[0]


def next_exhibit(view: View, by: int) -> str:
    """Return the exhibit that comes ``by`` places after the one that is shown.

    Args:
        view: What is shown.
        by: 1 for the next, -1 for the one before.
    """
    header = view.history.header if view.history is not None else None
    return view.exhibit if header is None else _turned(exhibits(header), exhibit_of(view), by)


def layers(header: Header) -> list[str]:
    """Return the layers, or parameters, whose weights can be shown alone."""
    parameters = header.parameters.items()
    matrices = [name for name, shape in parameters if len(shape) > 1] or list(header.parameters)
    return [name.removesuffix(".weight") for name in matrices]


def layer_of(view: View) -> str:
    """Return the layer that is shown; empty for all of them, as where there is no such layer."""
    header = view.history.header if view.history is not None else None
    return view.layer if header is not None and view.layer in layers(header) else ""


def next_layer(view: View, by: int) -> str:
    """Return the layer that comes ``by`` places after the one that is shown; empty for all."""
    header = view.history.header if view.history is not None else None
    return view.layer if header is None else _turned(["", *layers(header)], layer_of(view), by)


def _turned(names: Sequence[str], now: str, by: int) -> str:
    return names[(names.index(now) + by) % len(names)]


def draw_view(name: str, network: RecordedNetwork, surface: Surface) -> Lines:
    """Return a view of a network.

    Raises:
        ViewError: The run has no such view; with those that it has.
    """
    refuse_view(name, network)
    return VIEWS[name].draw(network, surface)


def refuse_view(name: str, network: RecordedNetwork) -> None:
    """Refuse a view that a network does not have.

    Raises:
        ViewError: With those that it has.
    """
    from ..drawing.network.material import ViewError

    material = network.material
    if why := VIEWS[name].missing(Subject.of(material.header, may_run=material.allow_code)):
        raise ViewError(f"--view {name}: {why}; it has: {', '.join(applying(material))}")
