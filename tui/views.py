"""The views of a run that ``epochal show`` prints, each with what it needs.

To add a view, add its row to ``VIEWS``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tui.drawing.text import Lines
from tui.glyphs import Glyphs
from tui.material import Material, Network, ViewError
from tui.palette import Palette

if TYPE_CHECKING:
    from engine.experiment import Experiment

LEAST_LINES: Final = 12
"""Lines of a picture that shares a view with others, at least where the view has as many."""


@dataclass(frozen=True, kw_only=True)
class Frame:
    """How a picture is to be drawn."""

    width: int
    height: int
    glyphs: Glyphs
    palette: Palette
    layer: str | None = None
    """Which layer or parameter, for the views of weights."""

    def shared(self, pictures: int) -> int:
        """Return the lines of each picture where a view has several."""
        return max(self.height // max(pictures, 1), min(self.height, LEAST_LINES))


Draw = Callable[[Network, Frame], Lines]


@dataclass(frozen=True)
class View:
    """One view of a network."""

    about: str
    """What it shows."""
    missing: Callable[[Experiment], str]
    """From the experiment to what it lacks for this view; empty where it has everything."""
    draw: Draw


def _nothing(experiment: Experiment) -> str:
    return ""


def _no_function(experiment: Experiment) -> str:
    if experiment.data.classes:
        return "needs targets that are numbers, this run has classes"
    inputs = len(experiment.data.input_names)
    return "" if inputs == 1 else f"needs one input, this run has {inputs}"


def _no_region(experiment: Experiment) -> str:
    if not experiment.data.classes:
        return "needs classes, this run's targets are numbers"
    inputs = len(experiment.data.input_names)
    return "" if inputs == 2 else f"needs two inputs, this run has {inputs}"


def _no_confusion(experiment: Experiment) -> str:
    return "" if experiment.data.classes else "needs classes, this run's targets are numbers"


def _function(network: Network, frame: Frame) -> Lines:
    from tui.drawing.function import draw_function, gather

    return draw_function(gather(network), frame.width, frame.height, frame.glyphs, frame.palette)


def _region(network: Network, frame: Frame) -> Lines:
    from tui.drawing.region import draw_region, gather

    return draw_region(gather(network), frame.width, frame.height, frame.glyphs, frame.palette)


def _predictions(network: Network, frame: Frame) -> Lines:
    from tui.drawing.predictions import draw_predictions, gather

    return draw_predictions(gather(network), frame.width, frame.height, frame.glyphs, frame.palette)


def _confusion(network: Network, frame: Frame) -> Lines:
    from tui.drawing.matrix import draw_confusion, gather_confusion

    confusion = gather_confusion(network)
    return draw_confusion(confusion, frame.width, frame.height, frame.glyphs, frame.palette)


def _histogram(network: Network, frame: Frame) -> Lines:
    from tui.drawing.histogram import draw_histogram, gather

    found = gather(network, frame.layer)
    height = frame.shared(len(found))
    return [
        line
        for each in found
        for line in draw_histogram(each, frame.width, height, frame.glyphs, frame.palette)
    ]


def _weights(network: Network, frame: Frame) -> Lines:
    from tui.drawing.matrix import draw_layer, gather_layers

    found = gather_layers(network, frame.layer)
    height = frame.shared(len(found))
    return [
        line
        for each in found
        for line in draw_layer(each, frame.width, height, frame.glyphs, frame.palette)
    ]


VIEWS: Final[Mapping[str, View]] = {
    "function": View("the fitted functions against their targets", _no_function, _function),
    "region": View("the decision region, with the points of the three sets", _no_region, _region),
    "predictions": View("rows, and what the network says of them", _nothing, _predictions),
    "confusion": View("which class was taken for which", _no_confusion, _confusion),
    "histogram": View("the weights' distribution", _nothing, _histogram),
    "weights": View("the weights as numbers", _nothing, _weights),
}
"""The views of a network's weights, in the order in which they are shown."""

RUN_VIEWS: Final = ("summary", "curves", "norms")
"""The views of a whole run, which need no weights."""

NAMES: Final = (*RUN_VIEWS, *VIEWS, "all")


def applying(material: Material) -> list[str]:
    """Return the names of the views that a run has."""
    experiment = material.experiment
    return [*RUN_VIEWS, *(name for name, view in VIEWS.items() if not view.missing(experiment))]


def draw_view(name: str, network: Network, frame: Frame) -> Lines:
    """Return a view of a network.

    Raises:
        ViewError: The run has no such view; with those that it has.
    """
    if why := VIEWS[name].missing(network.material.experiment):
        raise ViewError(f"--view {name}: {why}; it has: {', '.join(applying(network.material))}")
    return VIEWS[name].draw(network, frame)
