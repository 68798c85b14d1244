"""The training of a program: what is measured, the loop, and what it prints at its end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from ...results.unseen_rows import (
    ANSWER_WIDTH,
    FIRST_INPUTS,
    INPUT_WIDTH,
    NEW_ROWS,
    UNSEEN,
    heading,
)
from ...text.source_code import WIDTH, call, define, literal
from ..language import TORCH
from .data import has_batches, sets_of, tensor
from .optimizer import by_hand, optimizer_blocks, update_by_hand

if TYPE_CHECKING:
    from ...components.losses import LossBase
    from ...experiment.experiment import Experiment

LINES: Final = 10
"""About how often a program prints where it is."""


def measures(experiment: Experiment) -> list[str]:
    """Return the functions for loss and accuracy."""
    blocks = [*_class_weights(experiment), *_loss(experiment)]
    if experiment.has_accuracy:
        blocks.append(_accuracy(experiment))
    if sets_of(experiment):
        blocks.append(_measure(experiment))
    return blocks


def _class_weights(experiment: Experiment) -> list[str]:
    """Return what a row counts for by its class, where that is not the same for all."""
    weights, kind = experiment.loss.class_weights, f"torch.{experiment.train.dtype}"
    if weights is None:
        return []
    if isinstance(weights, list):
        return [f"CLASS_WEIGHTS = torch.tensor({weights}, dtype={kind})"]
    classes = experiment.data.class_count
    lines = [
        "# Every class counts the same, however many of the training rows are of it.",
        f"counts = torch.bincount(y_train.flatten().long(), minlength={classes})",
        f"CLASS_WEIGHTS = len(y_train) / ({classes} * counts.to({kind}))",
    ]
    return ["\n".join(lines)]


def _loss(experiment: Experiment) -> list[str]:
    """Return the loss, after what each number costs where PyTorch has no function for it."""
    loss = experiment.loss
    given = [f"{key}={literal(value)}" for key, value in loss.arguments.items()]
    if loss.functional is None:
        blocks = [_ruled_loss(loss)]
        each = [f"each = {_cost_name(loss)}(outputs, targets)"]
    else:
        blocks = []
        each = call(
            f"each = nn.functional.{loss.functional}",
            ["outputs", "targets", *given, 'reduction="none"'],
        )
    if loss.functional is not None and loss.class_weights is None:
        return [_functional_loss(experiment, given)]
    if loss.class_weights is not None:
        each.append("each = CLASS_WEIGHTS[targets.long()] * each")
    lines = [*each, f"return each.{loss.reduction}()"]
    return [
        *blocks,
        define("loss_function", "Return what is made small.", lines, "outputs, targets"),
    ]


def _cost_name(loss: LossBase) -> str:
    return f"{type(loss).model_fields['name'].default}_loss"


def _ruled_loss(loss: LossBase) -> str:
    """Return what each number costs, as the loss's rule says it."""
    names = {"y": "outputs", "t": "targets", **loss.arguments}
    formulas = {**loss.rule.parts, "each": loss.rule.each}
    lines = [f"{name} = {TORCH.expression(text, names)}" for name, text in formulas.items()]
    return define(
        _cost_name(loss), f"Return {loss.each}.", [*lines, "return each"], "outputs, targets"
    )


def _functional_loss(experiment: Experiment, given: list[str]) -> str:
    loss = experiment.loss
    if loss.reduction != "mean":
        given = [*given, f'reduction="{loss.reduction}"']
    if not given and not loss.root:
        return f"loss_function = nn.functional.{loss.functional}"
    head = "mean =" if loss.root else "return"
    lines = call(f"{head} nn.functional.{loss.functional}", ["outputs", "targets", *given])
    if loss.root:
        lines.append("# At 0 the root has a corner: its gradient there is 0, not PyTorch's NaN.")
        lines.append("return mean.sqrt() if mean > 0 else mean")
    return define("loss_function", "Return what is made small.", lines, "outputs, targets")


def _accuracy(experiment: Experiment) -> str:
    if experiment.loss.targets == "classes":
        right = "outputs.argmax(dim=1) == targets"
    else:
        right = f"(outputs > {experiment.loss.threshold()!r}) == targets"
    return f'''\
def accuracy_of(outputs, targets):
    """Return the share of rows whose class is right."""
    right = {right}
    return right.float().mean().item()'''


def _measure(experiment: Experiment) -> str:
    modal = any(experiment.model.dropouts) or "batch" in experiment.model.normalisations
    accuracy = experiment.has_accuracy
    loss = "loss_function(outputs, y).item()"
    lines = [
        "@torch.no_grad()",
        "def measure(x, y):",
        f'    """Return the loss{" and the accuracy" * accuracy} on a set; nothing is learned."""',
        *(["    network.eval()"] if modal else []),
        "    outputs = network(x)",
        *(["    network.train()  # and back, or it would train as if measured"] if modal else []),
        f"    return {loss}, accuracy_of(outputs, y)" if accuracy else f"    return {loss}",
    ]
    return "\n".join(lines)


def preparation(experiment: Experiment) -> list[str]:
    """Return what is made before the first step."""
    *before, made = optimizer_blocks(experiment)
    return [*before, "\n".join([made, *_schedulers(experiment)])]


def _schedulers(experiment: Experiment) -> list[str]:
    """Return what changes the learning rate."""
    spec, lines = experiment.schedule, []
    if spec.warmup:
        rise = ["optimizer", f"start_factor=1 / {spec.warmup + 1}", f"total_iters={spec.warmup}"]
        lines += call("warmup = torch.optim.lr_scheduler.LinearLR", rise, WIDTH)
    if spec.torch_name:
        ticks = experiment.steps // tick_stride(experiment) - spec.warmup
        settings = spec.arguments(ticks).items()
        given = ["optimizer", *(f"{key}={literal(value)}" for key, value in settings)]
        lines += call(f"scheduler = torch.optim.lr_scheduler.{spec.torch_name}", given, WIDTH)
    return lines


def tick_stride(experiment: Experiment) -> int:
    """Return the steps between two changes of the learning rate."""
    if experiment.schedule.needs_measurement and experiment.evaluation_stride:
        return experiment.evaluation_stride
    return experiment.steps_per_epoch or 1


def loop(experiment: Experiment) -> str:
    """Return the loop over the steps."""
    unit = unit_of(experiment)
    lines = watch_starts(experiment)
    if has_batches(experiment):
        lines.append(f"for step, (x, y) in zip(range(1, {experiment.steps + 1}), batches()):")
        x, y = "x", "y"
    else:
        lines.append(f"for {unit} in range(1, {experiment.steps + 1}):")
        x, y = "x_train", "y_train"
    body = [
        *_step(experiment, x, y),
        *evaluation(experiment, unit),
        *_tick(experiment, unit, y),
        *report(experiment, unit, y),
        *threshold_lines(experiment),
    ]
    return "\n".join([*lines, *(f"    {line}" if line else "" for line in body)])


def watch_starts(experiment: Experiment) -> list[str]:
    """Return what a loop begins with: the losses, and what the best weights are held against."""
    lines = ["losses = []"]
    if experiment.keep_best != "off":
        by_loss = experiment.keep_best == "loss"
        start = 'best_loss, best_weights = float("inf"), None'
        lines.append(start if by_loss else "best, best_weights = (-1.0, 0.0), None")
        if experiment.train.patience is not None:
            lines.append(
                "waited = 0" if waits_for_best(experiment) else _counting_start(experiment)
            )
    return lines


def waits_for_best(experiment: Experiment) -> bool:
    """Whether what is a new best one is what patience waits for."""
    monitor = experiment.train.monitor or experiment.keep_best
    return monitor == experiment.keep_best and not experiment.train.min_delta


def _monitored(experiment: Experiment) -> str:
    return experiment.train.monitor or experiment.keep_best


def _counting_start(experiment: Experiment) -> str:
    """Return what patience begins with, where it waits for something else than the best."""
    if _monitored(experiment) == "loss":
        return 'counted, waited = float("inf"), 0'
    return f"counted, waited = {'-1.0' if experiment.train.min_delta else '(-1.0, 0.0)'}, 0"


def _counting_lines(experiment: Experiment) -> list[str]:
    """Return what counts for patience, where that is something else than the best."""
    least, value = experiment.train.min_delta, "dev_loss"
    if _monitored(experiment) == "loss":
        better = f"dev_loss < counted{f' - {least!r}' if least else ''}"
    else:
        value = "dev_accuracy" if least else "(dev_accuracy, -dev_loss)"
        better = f"{value} > counted{f' + {least!r}' if least else ''}"
    return [f"if {better}:", f"    counted, waited = {value}, 0"]


def threshold_lines(experiment: Experiment, loss: str = "loss.item()") -> list[str]:
    """Return what ends the loop once a loss is small enough."""
    threshold = experiment.train.loss_threshold
    if threshold is None:
        return []
    return [f"if {loss} <= {threshold!r}:", "    break  # good enough"]


def unit_of(experiment: Experiment) -> str:
    """Return what the loop counts."""
    whole = experiment.sees_all and experiment.train.steps is None
    return "epoch" if whole else "step"


def _step(experiment: Experiment, x: str, y: str) -> list[str]:
    """Return one step: outputs, loss, gradients, update."""
    train = experiment.train
    lines = [
        "# Forward: what does the network say, and how wrong is it?",
        f"outputs = network({x})",
        f"loss = loss_function(outputs, {y})",
        "",
        "# Backward: the gradient of the loss by every weight, then the update.",
    ]
    if train.zero_grad and not by_hand(experiment):
        lines.append("optimizer.zero_grad()")
    elif not train.zero_grad:
        lines.append("# The gradients are never cleared: each adds to all before it.")
    lines.append("loss.backward()")
    parameters = "network.parameters()"
    if train.clip_norm is not None:
        lines.append(f"nn.utils.clip_grad_norm_({parameters}, {train.clip_norm!r})")
    if train.clip_value is not None:
        lines.append(f"nn.utils.clip_grad_value_({parameters}, {train.clip_value!r})")
    if experiment.optimizer.l1:
        lines += [
            "with torch.no_grad():",
            f"    for parameter in {parameters}:",
            f"        parameter.grad += {experiment.optimizer.l1!r} * parameter.sign()",
        ]
    lines += update_by_hand(experiment) if by_hand(experiment) else ["optimizer.step()"]
    return [*lines, "losses.append(loss.item())"]


def every_lines(stride: int, unit: str, lines: Sequence[str]) -> list[str]:
    """Return lines that run every so many steps."""
    if stride == 1:
        return list(lines)
    return [f"if {unit} % {stride} == 0:", *(f"    {line}" for line in lines)]


def evaluation(
    experiment: Experiment, unit: str, weights: str = "deepcopy(network.state_dict())", y: str = "y"
) -> list[str]:
    """Return the measurement on the dev set, and what is decided from it.

    Args:
        experiment: Says what is measured and kept.
        unit: What the loop counts.
        weights: What copies the weights.
        y: What targets are called.
    """
    if not experiment.evaluation_stride:
        return []
    accuracy = ", dev_accuracy" if experiment.has_accuracy else ""
    lines = [f"dev_loss{accuracy} = measure(x_dev, {y}_dev)"]
    about = "# The dev set only decides; it is never trained on."
    if experiment.keep_best != "off":
        if experiment.keep_best == "loss":
            lines += ["if dev_loss < best_loss:", "    best_loss = dev_loss"]
        else:
            lines += [
                "# Of equal accuracies the smaller loss decides.",
                "if (dev_accuracy, -dev_loss) > best:",
                "    best = dev_accuracy, -dev_loss",
            ]
        lines.append(f"    best_weights = {weights}")
        if experiment.train.patience is not None:
            lines += (
                ["    waited = 0"] if waits_for_best(experiment) else _counting_lines(experiment)
            )
            lines += [
                "else:",
                "    waited += 1",
                f"    if waited == {experiment.train.patience}:",
                "        break  # out of patience",
            ]
    return ["", about, *every_lines(experiment.evaluation_stride, unit, lines)]


def watched(experiment: Experiment, loss: str, y: str) -> str:
    """Return what a schedule looks at.

    Args:
        experiment: Says which schedule.
        loss: What the loss of a step is called.
        y: What its targets are called.
    """
    what = experiment.schedule.watches
    if experiment.evaluation_stride:
        return f"dev_{what}"
    return loss if what == "loss" else f"accuracy_of(outputs, {y})"


def _tick(experiment: Experiment, unit: str, y: str) -> list[str]:
    """Return what sets the learning rate of the next step."""
    if not experiment.schedule.moves:
        return []
    spec, stride = experiment.schedule, tick_stride(experiment)
    measured = watched(experiment, "loss.item()", y)
    main = f"scheduler.step({measured if spec.needs_measurement else ''})"
    lines = [main]
    if spec.warmup:
        lines = [f"if {unit} <= {spec.warmup * stride}:", "    warmup.step()"]
        lines += ["else:", f"    {main}"] if spec.torch_name else []
    return every_lines(stride, unit, lines)


def report(experiment: Experiment, unit: str, y: str, loss: str = "loss.item()") -> list[str]:
    """Return what says where it is, some ten times in all."""
    stride = experiment.evaluation_stride
    every = _round(experiment.steps // LINES)
    every = -(-every // stride) * stride if stride else every
    said = [f'f"{unit} {{{unit}}}: loss {{{loss}:.4g}}']
    if stride:
        said[0] += ', "'
        accuracy = ", dev accuracy {dev_accuracy:.4f}" * experiment.has_accuracy
        said.append(f'f"dev loss {{dev_loss:.4g}}{accuracy}"')
    elif experiment.has_accuracy:
        said[0] += ', "'
        said.append(f'f"accuracy {{accuracy_of(outputs, {y}):.4f}}"')
    else:
        said[0] += '"'
    whole = f"print({''.join(said).replace(_SEAM, '')})"
    broken = ["print(", *(f"    {line}" for line in said), ")"]
    lines = [whole] if len(whole) <= WIDTH - (4 if every == 1 else 8) else broken
    return ["", *every_lines(every, unit, lines)]


_SEAM: Final = '"f"'
"""What stands where one text of two begins."""


def _round(count: int) -> int:
    """Return the greatest of 1, 2, 5, 10, 20, 50 … that is not above ``count``."""
    count = max(count, 1)
    unit = int(f"1{'0' * (len(str(count)) - 1)}")
    return max(factor * unit for factor in (1, 2, 5) if factor * unit <= count)


def result(
    experiment: Experiment,
    restored: Sequence[str] = ("network.load_state_dict(best_weights)",),
    y: str = "y",
) -> str:
    """Return what is measured and printed at the end.

    Args:
        experiment: Says which sets there are.
        restored: What puts the best weights in their place.
        y: What targets are called.
    """
    if experiment.data.fresh:
        return unseen_rows(
            experiment,
            "with torch.no_grad():",
            f"    outputs = network({tensor(experiment, 'inputs')})",
        )
    lines = []
    if experiment.keep_best != "off":
        lines += ["if best_weights is not None:", *(f"    {line}" for line in restored)]
    for name in sets_of(experiment):
        if experiment.has_accuracy:
            lines.append(f"loss, accuracy = measure(x_{name}, {y}_{name})")
            lines.append(f'print(f"{name}: loss {{loss:.4g}}, accuracy {{accuracy:.4f}}")')
        else:
            lines.append(f'print(f"{name}: loss {{measure(x_{name}, {y}_{name}):.4g}}")')
    if "test" in sets_of(experiment):
        lines.insert(
            0, "# The test set is touched once, at the end, with the weights that are kept."
        )
    return "\n".join(lines)


def unseen_rows(experiment: Experiment, *answered: str) -> str:
    """Return the table of rows that were never trained on, given what computes their outputs."""
    names = experiment.data.input_names
    first = f"[:{FIRST_INPUTS}]" if len(names) > FIRST_INPUTS else ""
    cells = f'"".join(f"{{number:z{INPUT_WIDTH}.2f}}" for number in row{first})'
    answers = "(output.item(), target, output.item() - target)"
    return "\n".join(
        [
            f"# {NEW_ROWS} rows that were never trained on.",
            f"rng = np.random.default_rng(stream(FRESH, {UNSEEN}))",
            f"inputs, targets = draw_rows(rng, {NEW_ROWS})",
            *answered,
            f"print({literal(heading(names[:FIRST_INPUTS]))})",
            "for row, output, target in zip(inputs, outputs[:, 0], targets[:, 0]):",
            f"    cells = {cells}",
            f"    for number in {answers}:",
            f'        cells += f"{{number:z{ANSWER_WIDTH}.2f}}"',
            "    print(cells)",
        ]
    )
