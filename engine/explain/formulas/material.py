"""What a program of formulas starts from: rows as columns, first weights, batches, masks."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from ...data.loading import load
from ...errors import EpochalError
from ...experiment.units import fresh_unit, mask_unit
from ...text.source_code import WIDTH
from ..language import Language
from ..program.data import (
    drawing_lines,
    order_lines,
    order_words,
    parting_lines,
    scaler_blocks,
    scaling_lines,
    sets_of,
)
from ..program.network import GENERATOR, draw_lines

if TYPE_CHECKING:
    from ...experiment.experiment import Experiment

MOST_IN_TEXT: Final = 300
"""Weights that are written into a program at most."""

Arrays = Mapping[str, NDArray[Any]]
"""Weights and rows by name."""


def arrays_of(experiment: Experiment) -> Arrays:
    """Return what a program may get in a file: first weights, and the rows of each set, if any."""
    dtype: Any = getattr(np, experiment.train.dtype)
    dataset = None
    if not experiment.data.fresh:
        train = experiment.train
        dataset = load(experiment.data, train.seed, dtype, shuffled=train.shuffle)
    arrays = dict(first_weights(experiment))
    for name in sets_of(experiment):
        part = getattr(dataset, name)
        arrays[f"x_{name}"] = part.inputs.T.astype(dtype)
        arrays[f"t_{name}"] = _target_columns(experiment, part.targets).astype(dtype)
    return arrays


def _target_columns(experiment: Experiment, targets: NDArray[Any]) -> NDArray[Any]:
    if experiment.loss.targets == "classes" and not experiment.has_shares:
        columns: NDArray[Any] = np.eye(experiment.data.class_count)[targets].T
        return columns
    return targets.reshape(len(targets), -1).T


def first_weights(experiment: Experiment) -> Arrays:
    """Return the weights that a run of the experiment begins with, by name: W1, b1 and so on."""
    # Drawn by torch, as in a run: who prints the torch program need not wait for it.
    import torch

    from ...network.parameters import ParameterLayout, initialise

    flat = initialise([experiment], getattr(torch, experiment.train.dtype))
    named = ParameterLayout(experiment, 1).named(flat)
    arrays = {}
    for index, _ in enumerate(experiment.model.activations, start=1):
        arrays[f"W{index}"] = named[f"layer{index}.weight"][0].numpy()
        arrays[f"b{index}"] = named[f"layer{index}.bias"][0].numpy()[:, None]
    return arrays


def data_blocks(experiment: Experiment, language: Language, file: str = "") -> list[str]:
    """Return what makes the columns of each set, and what cuts them into batches.

    Args:
        experiment: Says what the data is.
        language: What it is written in.
        file: Where the columns are, if not drawn.

    Raises:
        EpochalError: Such data cannot be written in a few lines.
    """
    rows = experiment.batch_rows
    if experiment.data.fresh:
        # Drawn together, as the run draws them.
        unit = fresh_unit(experiment)
        columns = columns_block(experiment, language)
        return [experiment.data.program(), columns, _FRESH.format(unit, rows)]
    if file:
        names = [f"{what}_{name}" for name in sets_of(experiment) for what in "xt"]
        blocks = ["\n".join(f"{name} = {_of_file(name, language)}" for name in names)]
    else:
        lines = [*drawing_lines(experiment), *parting_lines(experiment)]
        lines += [*scaling_lines(experiment), ""]
        for name in sets_of(experiment):
            part = f"[{name}]" if experiment.data.is_parted else ""
            lines.append(f"x_{name}, t_{name} = columns(inputs{part}, targets{part})")
        blocks = [
            experiment.data.program(),
            *scaler_blocks(experiment),
            columns_block(experiment, language),
            "\n".join(lines),
        ]
    if experiment.sees_all:
        return blocks
    order = textwrap.indent(order_lines(experiment, "x_train.shape[1]"), " " * 8)
    return [*blocks, _BATCHES.format(doc=order_words(experiment), order=order, rows=rows)]


def _of_file(name: str, language: Language) -> str:
    array = f'given["{name}"]'
    return array if language.name == "numpy" else f"torch.tensor({array})"


def columns_block(experiment: Experiment, language: Language) -> str:
    """Return the function that makes columns of rows."""
    kind = f"{language.prefix}.{experiment.train.dtype}"

    def made(of: str) -> str:
        if language.name == "numpy":
            return f"{of}.astype({kind})"
        return f"torch.tensor({of}, dtype={kind})"

    targets = "targets.T"
    if experiment.loss.targets == "classes" and not experiment.has_shares:
        targets = f"np.eye({experiment.data.class_count})[targets].T"
    elif experiment.data.class_count:
        targets = "targets.reshape(1, -1)"
    return "\n".join(
        [
            "def columns(inputs, targets):",
            '    """Return rows as columns: x [features, rows], t [outputs, rows]."""',
            f"    x = {made('inputs.T')}",
            f"    t = {made(targets)}",
            "    return x, t",
        ]
    )


_BATCHES: Final = '''\
def batches():
    """Yield batch after batch; {doc}."""
    epoch = 0
    while True:
{order}
        for start in range(0, len(order), {rows}):
            rows = order[start : start + {rows}]
            yield x_train[:, rows], t_train[:, rows]
        epoch += 1'''

_FRESH: Final = '''\
def batches():
    """Yield new rows for every step; those of {0} steps are drawn together."""
    unit = 0
    while True:
        rng = np.random.default_rng(stream(FRESH, unit))
        x, t = columns(*draw_rows(rng, {0} * {1}))
        for start in range(0, {0} * {1}, {1}):
            yield x[:, start : start + {1}], t[:, start : start + {1}]
        unit += 1'''


def weight_blocks(experiment: Experiment, language: Language, file: str = "") -> list[str]:
    """Return what makes the first weights: drawn in torch, written out or read in numpy.

    Raises:
        EpochalError: There are too many to write them out.
    """
    layers = range(1, len(experiment.widths))
    if language.name == "torch":
        return _drawn_weights(experiment)
    if file:
        names = [f"{what}{index}" for index in layers for what in "Wb"]
        lines = [f"{name} = {_of_file(name, language)}" for name in names]
    elif (count := sum(a.size for a in first_weights(experiment).values())) > MOST_IN_TEXT:
        raise EpochalError(
            f"--style numpy: {count} first weights are too many for a program's text; "
            "--with-data FILE.npz writes them beside it"
        )
    else:
        weights = first_weights(experiment)
        lines = [f"{name} = {_written_out(array)}" for name, array in weights.items()]
    head = "# The first weights, drawn as the run draws them."
    return ["\n".join([head, *lines, *_normalisation_lines(experiment, language)])]


def _written_out(array: NDArray[Any]) -> str:
    kind = f"np.{array.dtype}"
    least, greatest = array.min(), array.max()
    if least == greatest:
        full = f"np.full({array.shape}, {least}, {kind})"
        return full if least else f"np.zeros({array.shape}, {kind})"
    rows = [f"[{', '.join(map(str, row))}]" for row in array]
    flat = f"np.array([{', '.join(rows)}], {kind})"
    if len(flat) < WIDTH - 5:
        return flat
    lines = ["np.array(", *(f"    {line}" for line in _rows_lines(rows)), f"    {kind},", ")"]
    return "\n".join(lines)


def _rows_lines(rows: Sequence[str]) -> list[str]:
    wrapped = [textwrap.wrap(f"{row},", WIDTH - 9, subsequent_indent=" ") for row in rows]
    return ["[", *(f"    {line}" for lines in wrapped for line in lines), "],"]


def _drawn_weights(experiment: Experiment) -> list[str]:
    from ..language import TORCH

    lines = ["# The first weights, drawn as the run draws them."]
    double = ".double()" if experiment.train.dtype == "float64" else ""
    for index, init in enumerate(experiment.model.inits):
        into, out = experiment.widths[index : index + 2]
        weight, bias = f"W{index + 1}", f"b{index + 1}"
        drawn = [
            *draw_lines(init.weight, weight, str(2 * index)),
            *draw_lines(init.bias, bias, str(2 * index + 1)),
        ]
        if any("-bound" in line for line in drawn):
            drawn.insert(0, f"bound = {into}**-0.5")
        lines += [
            f"{weight} = torch.empty({out}, {into})",
            f"{bias} = torch.empty({out}, 1)",
            *drawn,
        ]
        if double:
            lines.append(f"{weight}, {bias} = {weight}{double}, {bias}{double}")
    block = "\n".join([*lines, *_normalisation_lines(experiment, TORCH)])
    return [GENERATOR, block] if "generator(" in block + _masks_text(experiment) else [block]


def _normalisation_lines(experiment: Experiment, language: Language) -> list[str]:
    """Return what normalisations begin with: gamma 1, beta 0, and running figures likewise."""
    lines = []
    for index, norm in enumerate(experiment.model.normalisations, start=1):
        ones, zeros = (f"{language.call(name)}(b{index})" for name in ("ones_like", "zeros_like"))
        if norm != "none":
            lines += [f"gamma{index} = {ones}", f"beta{index} = {zeros}"]
        if norm == "batch":
            lines.append(f"running{index} = [{zeros}, {ones}]")
    return lines


def mask_blocks(experiment: Experiment, language: Language) -> list[str]:
    """Return what draws the masks of dropout.

    Raises:
        EpochalError: In numpy nobody can draw them as the run does.
    """
    text = _masks_text(experiment)
    if text and language.name == "numpy":
        raise EpochalError(
            "model.dropout: its masks are PyTorch's random numbers, which numpy does not draw; "
            "take --style torch"
        )
    return [text] if text else []


def _masks_text(experiment: Experiment) -> str:
    layers = [
        (experiment.widths[index], share)
        for index, share in enumerate(experiment.model.dropouts, start=1)
        if share
    ]
    if not layers:
        return ""
    rows, unit = experiment.batch_rows, mask_unit(experiment)
    kind = f"torch.{experiment.train.dtype}"
    return f'''\
DROPPED = {layers!r}  # units and share of each dropout


def masks_of_steps():
    """Yield each step's masks, [units, rows] each: 0, or 1 / (1 - share).

    Those of {unit} steps are drawn together.
    """
    count = 0
    while True:
        drawn = []
        for units, share in DROPPED:
            state = stream(DROPOUT, count).generate_state(1, np.uint64)
            stream_ = torch.Generator().manual_seed(int(state[0] >> np.uint64(1)))
            kept = torch.rand({unit}, units, {rows}, generator=stream_) >= share
            drawn.append(kept.to({kind}) / (1 - share))
            count += 1
        yield from zip(*drawn)'''
