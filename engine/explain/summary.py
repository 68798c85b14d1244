"""What an experiment is, in words: its network layer by layer, its memory, its length.

Everything here follows from the experiment alone: nothing is drawn, trained or loaded.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from ..components.activations import ACTIVATIONS
from ..network.layers import ModuleSpec, module_specs
from ..text.safe import plain
from ..text.tables import aligned

if TYPE_CHECKING:
    from ..experiment.experiment import Experiment


RULES: Final = "Rules of thumb for the width and the number of hidden layers; none is a law:"

DEEP: Final = 4
"""Hidden layers from which on the start decides whether a gradient arrives."""


@dataclass(frozen=True)
class LayerLine:
    """One layer, with all that follows it up to the next."""

    name: str
    """``layer1`` and so on."""
    what: str
    """``Linear 2 → 5, then Sigmoid``."""
    shape: tuple[int, ...]
    """What comes out of it for one batch: [rows, units], or [rows, channels, height, width]."""
    parameters: int
    """How many numbers it learns."""


@dataclass(frozen=True, kw_only=True)
class MemoryUse:
    """What training keeps in memory, in bytes."""

    weights: int
    gradients: int
    """As large as the weights: one number for each."""
    optimizer: int
    """What the optimizer remembers of earlier steps."""
    activations: int
    """The outputs of every module for one batch, which the gradients need."""

    @property
    def total(self) -> int:
        """All of it."""
        return self.weights + self.gradients + self.optimizer + self.activations


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """An experiment in words and numbers."""

    title: str
    layers: list[LayerLine]
    parameters: int
    """What all layers learn together."""
    loss: str
    optimizer: str
    memory: MemoryUse
    rows: tuple[int, int, int]
    """Of train, dev and test set."""
    batch_rows: int
    steps: int
    steps_per_epoch: int | None
    """None where every step draws fresh rows."""
    module: str
    """The network's class, where it is a module of one's own: only its code knows its layers."""
    hints: list[str]
    """Rules of thumb for the width and the number of hidden layers, with who said so."""


def explanation(experiment: Experiment) -> Explanation:
    """Return an experiment in words and numbers."""
    return Explanation(
        title=experiment.title,
        layers=_layers(experiment),
        parameters=experiment.parameters,
        loss=_loss(experiment),
        optimizer=_optimizer(experiment),
        memory=_memory(experiment),
        rows=experiment.data.sizes,
        batch_rows=experiment.batch_rows,
        steps=experiment.steps,
        steps_per_epoch=experiment.steps_per_epoch,
        module=experiment.model.module or "",
        hints=_hints(experiment),
    )


def _hints(experiment: Experiment) -> list[str]:
    if experiment.model.kind == "python":
        return []
    widths = experiment.widths
    of_width = hints(widths[0], widths[-1], experiment.data.sizes[0], experiment.parameters)
    if experiment.model.layers:
        # The others are of dense layers alone.
        return of_width[3:]
    return [*of_width, *depth_hints(experiment.model.activations[:-1])]


def usual_width(inputs: int, outputs: int) -> int:
    """Return a first guess at the units of a hidden layer: 2/3 of the inputs plus the outputs."""
    return math.ceil(2 * inputs / 3) + outputs


def hints(inputs: int, outputs: int, rows: int, parameters: int) -> list[str]:
    """Return rules of thumb for the size of hidden layers, with the numbers filled in.

    Args:
        inputs: Features of the data.
        outputs: Units of the output layer.
        rows: Rows of the training set; 0 where every step draws fresh ones.
        parameters: What the network learns.
    """
    low, high = sorted((inputs, outputs))
    between = f"from {low} to {high} units" if low < high else f"about {low} units"
    said = [
        f"between the numbers of outputs and inputs: {between}",
        "two thirds of the inputs plus the outputs: "
        f"{_counted(usual_width(inputs, outputs), 'unit')}",
        f"fewer than twice the inputs: under {2 * inputs} (all three: Heaton 2008)",
    ]
    if rows:
        each = rows / parameters
        enough = (
            "several rows to learn each parameter from"
            if each >= 5
            else ("few to learn each parameter from, so watch the dev set")
        )
        said.append(f"{_counted(rows, 'training row')} to {parameters} parameters: {enough}")
    return said


def depth_hints(activations: Sequence[str]) -> list[str]:
    """Return rules of thumb for how many hidden layers there are.

    Args:
        activations: Those of the hidden layers there are.
    """
    said = [
        "no hidden layer where a straight line will do; "
        "one for any continuous function (Cybenko 1989)",
        "two hidden layers for a boundary of any shape (Lippmann 1987)",
    ]
    through = math.prod(ACTIVATIONS[each].traits.steepest or 1.0 for each in activations)
    if through < 1:
        layers = _counted(len(activations), "hidden layer")
        said.append(
            f"by weights of 1, {layers} let at most {through:.2g} of a gradient through "
            "(Hochreiter 1991)"
        )
    if len(activations) >= DEEP:
        said.append(
            f"{len(activations)} are many: start them so that none changes the scale "
            "(Glorot and Bengio 2010, He 2015)"
        )
    return said


def text(explanation: Explanation) -> str:
    """Return an explanation as lines for a terminal."""
    lines = [
        *([plain(explanation.title), ""] if explanation.title else []),
        *_table(explanation),
        "",
        f"loss       {explanation.loss}",
        f"optimizer  {explanation.optimizer}",
        f"data       {_data_text(explanation)}",
        f"length     {_length_text(explanation)}",
    ]
    if not explanation.module:
        lines += [
            f"memory     {_memory_text(explanation.memory, explanation.batch_rows)}",
            "",
            *([RULES, *(f"  {hint}" for hint in explanation.hints)] if explanation.hints else []),
        ]
    return "\n".join(lines)


def _table(explanation: Explanation) -> list[str]:
    """Return the network's layers as lines."""
    if explanation.module:
        return [f"network    {plain(explanation.module)}, a module of one's own"]
    head = ["layer", "what", "output", "parameters"]
    rows = [
        [layer.name, layer.what, f"{list(layer.shape)}", _grouped(layer.parameters)]
        for layer in explanation.layers
    ]
    return aligned([head, *rows, ["", "", "total", _grouped(explanation.parameters)]])


def _grouped(count: int) -> str:
    return f"{count:,}".replace(",", " ")


def as_object(explanation: Explanation) -> dict[str, Any]:
    """Return an explanation as one JSON object."""
    made = asdict(explanation)
    made["memory"]["total"] = explanation.memory.total
    return made


def _layers(experiment: Experiment) -> list[LayerLine]:
    if experiment.model.kind == "python":
        return []
    groups: list[list[ModuleSpec]] = []
    for stage in module_specs(experiment.model, experiment.plan):
        if stage.name.startswith("layer"):
            groups.append([])
        if groups:
            groups[-1].append(stage)
    sizes: dict[str, int] = {}
    for name, shape in experiment.shapes.items():
        layer = name.partition(".")[0]
        sizes[layer] = sizes.get(layer, 0) + math.prod(shape)
    return [
        LayerLine(
            group[0].name,
            ", then ".join(map(_described, group)),
            (experiment.batch_rows, *group[0].shape),
            sizes.get(group[0].name, 0),
        )
        for group in groups
    ]


def _described(stage: ModuleSpec) -> str:
    match stage.module, stage.arguments:
        case "Linear", (before, after):
            return f"Linear {before} → {after}"
        case "Conv2d", (before, after, side):
            extras = ", ".join(f"{key} {said}" for key, said in stage.keywords.items())
            return f"Conv2d {before} → {after}, {side}x{side}{extras and ', '}{extras}"
        case "MaxPool2d" | "AvgPool2d", (side,):
            apart = f", stride {said}" if (said := stage.keywords.get("stride")) else ""
            return f"{stage.module} {side}x{side}{apart}"
        case "Dropout", (share,):
            return f"Dropout of {share:.0%}"
        case module, _:
            return module


def _loss(experiment: Experiment) -> str:
    weights = experiment.loss.class_weights
    if weights is None:
        return experiment.loss.name
    told = weights if isinstance(weights, str) else ", ".join(f"{each:g}" for each in weights)
    return f"{experiment.loss.name}, class weights {told}"


def _optimizer(experiment: Experiment) -> str:
    spec = experiment.optimizer
    defaults = type(spec)().model_dump()
    given = {
        key: value
        for key, value in spec.model_dump(exclude={"name"}).items()
        if key == "lr" or value != defaults[key]
    }
    said = (key if value is True else f"{key} {value:g}" for key, value in given.items())
    settings = ", ".join(said)
    schedule = experiment.schedule
    after = f", schedule {schedule.name}" if schedule.moves else ""
    return f"{spec.name}, {settings}{after}"


def _memory(experiment: Experiment) -> MemoryUse:
    size = 8 if experiment.train.dtype == "float64" else 4
    weights = experiment.parameters * size
    has_stages = experiment.model.kind != "python"
    stages = module_specs(experiment.model, experiment.plan) if has_stages else ()
    units = sum(stage.units for stage in stages)
    return MemoryUse(
        weights=weights,
        gradients=weights,
        optimizer=experiment.optimizer.states * weights,
        activations=units * experiment.batch_rows * size,
    )


def _memory_text(memory: MemoryUse, rows: int) -> str:
    state = f"{bytes_text(memory.optimizer)} of" if memory.optimizer else "no"
    weights, batch = bytes_text(memory.weights), bytes_text(memory.activations)
    return (
        f"{weights} of weights, as much of gradients, {state} optimizer state,\n"
        f"           {batch} for what the layers say of a batch of {_counted(rows, 'row')}: "
        f"{bytes_text(memory.total)} in all"
    )


def _data_text(explanation: Explanation) -> str:
    if explanation.steps_per_epoch is None:
        return f"{explanation.batch_rows} fresh rows for every step"
    named = zip(("train", "dev", "test"), explanation.rows, strict=True)
    return " · ".join(f"{name} {_counted(count, 'row')}" for name, count in named if count)


def _length_text(explanation: Explanation) -> str:
    steps = _counted(explanation.steps, "step")
    if explanation.steps_per_epoch is None:
        return steps
    if explanation.batch_rows == explanation.rows[0]:
        return f"{steps}, each an epoch: it sees the whole training set"
    batches = explanation.steps_per_epoch
    epochs = explanation.steps / batches
    return f"{steps}: {epochs:g} epochs of {batches} batches of {explanation.batch_rows} rows"


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def bytes_text(count: int) -> str:
    """Return a size in the unit that suits it."""
    size, units = float(count), ("B", "kB", "MB", "GB", "TB")
    unit = 0
    while size >= 1000 and unit < len(units) - 1:
        size, unit = size / 1000, unit + 1
    return f"{size:.0f} {units[unit]}" if unit == 0 or size >= 100 else f"{size:.3g} {units[unit]}"
