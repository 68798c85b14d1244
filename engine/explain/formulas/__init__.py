"""An experiment as a program that writes its gradients out, in numpy or in torch.

    forward      z1 = W1 @ x + b1, h1 = sigmoid(z1), …
    backward     dz1 = W2.T @ dz2 * sigmoid_slope(h1), gW1 = dz1 @ x.T, …
    update       w -= LEARNING_RATE * g

Its functions and its update are printed from the rules that the engine computes by. The torch
program draws first weights and batches as the run does; the numpy program needs no torch, and has
its first weights in its text where they are few, else in a file beside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, get_args

from ...errors import EpochalError
from ...text.source_code import WIDTH, call, listed, literal
from ..language import LANGUAGES, Language
from ..program import assembled, training
from ..program.data import has_batches
from . import updates
from .functions import activation_blocks, loss_blocks
from .material import Arrays, arrays_of, data_blocks, mask_blocks, weight_blocks
from .passes import Passes

if TYPE_CHECKING:
    from ...experiment.experiment import Experiment

__all__ = ["WRITTEN_IN", "Arrays", "WrittenIn", "arrays_of", "program"]

WrittenIn = Literal["numpy", "torch"]

WRITTEN_IN: Final[tuple[WrittenIn, ...]] = get_args(WrittenIn)
"""What such a program can be written in."""


def program(
    experiment: Experiment, written_in: WrittenIn = "numpy", name: str = "", file: str = ""
) -> str:
    """Return the program.

    Args:
        experiment: What it is to do.
        written_in: What computes it.
        name: The preset's name, for its first lines.
        file: Where first weights and rows are, for numpy: see ``arrays_of``.

    Raises:
        EpochalError: Its network has no formulas, or something cannot be written in a few lines.
    """
    if experiment.model.kind == "python":
        raise EpochalError(
            f"model.module: {experiment.model.module} is a network of one's own, "
            "whose gradients nobody has formulas for"
        )
    if experiment.model.layers:
        raise EpochalError(
            "model.layers: there are no formulas for listed layers, only for model.hidden"
        )
    language = LANGUAGES[written_in]
    file = file if written_in == "numpy" else ""
    passes = Passes(experiment, language)
    blocks = [
        _read(file) if file else "",
        *data_blocks(experiment, language, file),
        *weight_blocks(experiment, language, file),
        *mask_blocks(experiment, language),
    ]
    functions = [
        *activation_blocks(experiment, language),
        *loss_blocks(experiment, language),
        *passes.blocks(),
    ]
    helpers = language.helpers_in("\n".join(functions))
    rest = [
        *(language.helpers[each] for each in helpers),
        *functions,
        *_measure(experiment),
        updates.settings_block(experiment),
        *updates.rate_blocks(experiment),
        _loop(experiment, language, passes),
        _result(experiment, passes),
    ]
    if written_in == "numpy" and experiment.loss.outputs == "probability":
        blocks.insert(0, 'np.seterr(divide="ignore")  # the logarithm of 0 is held above -100')
    return assembled(experiment, name, [*blocks, *rest], _promise(experiment, language))


def _read(file: str) -> str:
    """Return what reads first weights and rows."""
    named = call("with np.load", [literal(file)], WIDTH - len(" as file:"))
    named[-1] += " as file:"
    about = "# First weights, and the rows of each set as columns."
    return "\n".join([about, *named, "    given = dict(file)"])


def _promise(experiment: Experiment, language: Language) -> str:
    """Return what the program is, and how far its losses are those of a run."""
    digits = "fourteen" if experiment.train.dtype == "float64" else "six"
    return (
        f"with its gradients by formulas, in {language.name}: no backward() and no optimizer of "
        "others. The same data, the same first weights and the same order of rows as in a run, "
        f"so that the losses agree with the run's to some {digits} digits, for as long as the "
        "training does not make rounding errors grow. Every array has a column for each row of "
        "data."
    )


def _measure(experiment: Experiment) -> list[str]:
    """Return the function that measures a set."""
    if experiment.data.fresh:
        return []
    accuracy = ", accuracy_of(outputs, t)" * experiment.has_accuracy
    and_accuracy = " and the accuracy" * experiment.has_accuracy
    return [
        "def measure(x, t):\n"
        f'    """Return the loss{and_accuracy} on a set; nothing is learned."""\n'
        "    outputs = forward(x)[-1]\n"
        f"    return loss_of(outputs, t){accuracy}"
    ]


def _kept(passes: Passes) -> str:
    """Return the name of the list of all that the best weights are."""
    return "kept" if passes.normalised else "parameters"


def _kept_lines(passes: Passes) -> list[str]:
    """Return the list, where it is more than what is learned."""
    indices = enumerate(passes.experiment.model.normalisations, start=1)
    running = [f"*running{index}" for index, norm in indices if norm == "batch"]
    wanted = running and passes.experiment.keep_best != "off"
    return _listed("kept", ["*parameters", *running]) if wanted else []


def _result(experiment: Experiment, passes: Passes) -> str:
    """Return what is measured and printed at the end."""
    if experiment.data.fresh:
        x = "x, _ = columns(inputs, targets)"
        return training.unseen_rows(experiment, x, "outputs = forward(x)[-1].T")
    restored = [f"for w, best_w in zip({_kept(passes)}, best_weights):", "    w[...] = best_w"]
    return training.result(experiment, restored, "t")


def _loop(experiment: Experiment, language: Language, passes: Passes) -> str:
    """Return the loop over the steps."""
    unit = training.unit_of(experiment)
    x, t = ("x", "t") if has_batches(experiment) else ("x_train", "t_train")
    count = f"range(1, {experiment.steps + 1})"
    over = f"for {unit} in {count}:"
    drawn, masks = has_batches(experiment), passes.dropped
    if drawn or masks:
        names = [unit, *(["(x, t)"] if drawn else []), *(["masks"] if masks else [])]
        sources = [count, *["batches()"] * drawn, *["masks_of_steps()"] * bool(masks)]
        over = f"for {', '.join(names)} in zip({', '.join(sources)}):"
    totals = not experiment.train.zero_grad
    zeros = f"[{language.call('zeros_like')}(w) for w in parameters]"
    start = [
        *_listed("parameters", passes.parameters),
        *_kept_lines(passes),
        *updates.state_lines(experiment, language),
        *([f"gradients = {zeros}"] if totals else []),
        *training.watch_starts(experiment),
        *updates.plateau_start(experiment),
    ]
    options = f"{', masks' if masks else ''}{', training=True' if passes.normalised else ''}"
    if masks:
        cut = f"masks = [mask[:, : {x}.shape[1]] for mask in masks]"
    kept = f"[w.{language.copy}() for w in {_kept(passes)}]"
    computed = f"backward({x}, {t}, layers, outputs{', masks' if masks else ''})"
    body = [
        "# Forward: what does the network say, and how wrong is it?",
        *([cut] if masks else []),
        f"*layers, outputs = forward({x}{options})",
        f"loss = loss_of(outputs, {t})",
        "losses.append(loss)",
        "",
        "# Backward: the derivative of the loss by every weight, then the update.",
        *(
            [
                "# The gradients are never cleared: each adds to all before it.",
                f"for total, g in zip(gradients, {computed}):",
                "    total += g",
            ]
            if totals
            else [f"gradients = {computed}"]
        ),
        *updates.bounds_lines(experiment, language),
        *updates.rate_lines(experiment),
        *updates.update_lines(experiment, language),
        *training.evaluation(experiment, unit, kept, "t"),
        *_cut_rate(experiment, unit, t),
        *training.report(experiment, unit, t, "loss"),
        *training.threshold_lines(experiment, "loss"),
    ]
    return "\n".join([*start, over, *updates.indented(body)])


def _cut_rate(experiment: Experiment, unit: str, t: str) -> list[str]:
    """Return what a schedule that looks at a measurement does once it is made."""
    lines = updates.plateau_lines(experiment, training.watched(experiment, "loss", t))
    return training.every_lines(training.tick_stride(experiment), unit, lines) if lines else []


def _listed(name: str, names: list[str]) -> list[str]:
    return f"{name} = {listed(names)}".split("\n")
