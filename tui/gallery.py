"""The views of a run that ``epochal show`` prints, each with what it needs.

To add a view, add its row to ``VIEWS``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rich.text import Text

from tui.drawing.text import Lines
from tui.glyphs import Glyphs
from tui.material import Material, Network, ViewError
from tui.palette import Palette

if TYPE_CHECKING:
    from engine.experiment import Experiment

LEAST_LINES: Final = 12
"""Lines of a picture that shares a view with others, at least where the view has as many."""


@dataclass(frozen=True, kw_only=True)
class Surface:
    """What a picture is to be drawn on, and with what."""

    width: int
    height: int
    glyphs: Glyphs
    palette: Palette
    layer: str | None = None
    """Which layer or parameter, for the views of weights."""

    def shared(self, pictures: int) -> int:
        """Return the lines of each picture where a view has several, with blank ones between."""
        own = (self.height + 1) // max(pictures, 1) - 1
        return self.height if pictures == 1 else max(own, min(self.height, LEAST_LINES))


Draw = Callable[[Network, Surface], Lines]


@dataclass(frozen=True)
class Exhibit:
    """One view of a network."""

    about: str
    """What it shows."""
    missing: Callable[[Experiment], str]
    """From the experiment to what it lacks for this view; empty where it has everything."""
    draw: Draw


def _nothing(experiment: Experiment) -> str:
    return ""


def _no_answers(experiment: Experiment) -> str:
    own = experiment.model.kind != "mlp"
    return "needs what only PyTorch can compute of a network of one's own" if own else ""


def _no_function(experiment: Experiment) -> str:
    if experiment.data.classes:
        return "needs targets that are numbers, this run has classes"
    inputs = len(experiment.data.input_names)
    return _no_answers(experiment) if inputs == 1 else f"needs one input, this run has {inputs}"


def _no_region(experiment: Experiment) -> str:
    if not experiment.data.classes:
        return "needs classes, this run's targets are numbers"
    inputs = len(experiment.data.input_names)
    return _no_answers(experiment) if inputs == 2 else f"needs two inputs, this run has {inputs}"


def _no_confusion(experiment: Experiment) -> str:
    if not experiment.data.classes:
        return "needs classes, this run's targets are numbers"
    return _no_answers(experiment)


def _function(network: Network, surface: Surface) -> Lines:
    from tui.drawing.function import draw_function, gather

    return draw_function(
        gather(network), surface.width, surface.height, surface.glyphs, surface.palette
    )


def _region(network: Network, surface: Surface) -> Lines:
    from tui.drawing.region import draw_region, gather

    return draw_region(
        gather(network), surface.width, surface.height, surface.glyphs, surface.palette
    )


def _predictions(network: Network, surface: Surface) -> Lines:
    from tui.drawing.predictions import draw_predictions, gather

    return draw_predictions(
        gather(network), surface.width, surface.height, surface.glyphs, surface.palette
    )


def _confusion(network: Network, surface: Surface) -> Lines:
    from tui.drawing.confusion import draw_confusion, gather

    confusion = gather(network)
    return draw_confusion(confusion, surface.width, surface.height, surface.glyphs, surface.palette)


def _histogram(network: Network, surface: Surface) -> Lines:
    from tui.drawing.histogram import draw_histogram, gather

    found = gather(network, surface.layer)
    height = surface.shared(len(found))
    return _stacked(
        draw_histogram(each, surface.width, height, surface.glyphs, surface.palette)
        for each in found
    )


def _weights(network: Network, surface: Surface) -> Lines:
    from tui.drawing.matrix import draw_layer, gather

    found = gather(network, surface.layer)
    height = surface.shared(len(found))
    return _stacked(
        draw_layer(each, surface.width, height, surface.glyphs, surface.palette) for each in found
    )


def _stacked(pictures: Iterable[Lines]) -> Lines:
    """Return pictures one over the other, a blank line between them."""
    lines: Lines = []
    for picture in pictures:
        lines += [*([Text(end="")] if lines else []), *picture]
    return lines


VIEWS: Final[Mapping[str, Exhibit]] = {
    "function": Exhibit("the fitted functions against their targets", _no_function, _function),
    "region": Exhibit(
        "the decision region, with the points of the three sets", _no_region, _region
    ),
    "predictions": Exhibit("rows, and what the network says of them", _no_answers, _predictions),
    "confusion": Exhibit("which class was taken for which", _no_confusion, _confusion),
    "histogram": Exhibit("the weights' distribution", _nothing, _histogram),
    "weights": Exhibit("the weights as numbers", _nothing, _weights),
}
"""The views of a network's weights, in the order in which they are shown."""

RUN_VIEWS: Final = ("summary", "curves", "norms")
"""The views of a whole run, which need no weights."""

NAMES: Final = (*RUN_VIEWS, *VIEWS, "all")


def applying(material: Material) -> list[str]:
    """Return the names of the views that a run has."""
    experiment = material.experiment
    return [*RUN_VIEWS, *(name for name, view in VIEWS.items() if not view.missing(experiment))]


def draw_view(name: str, network: Network, surface: Surface) -> Lines:
    """Return a view of a network.

    Raises:
        ViewError: The run has no such view; with those that it has.
    """
    if why := VIEWS[name].missing(network.material.experiment):
        raise ViewError(f"--view {name}: {why}; it has: {', '.join(applying(network.material))}")
    return VIEWS[name].draw(network, surface)
