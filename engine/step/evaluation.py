"""What a network is worth on some rows: its loss and its accuracy, for each member."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

import torch
from torch import Tensor

from ..components.formulas import evaluate, parsed
from ..components.losses import LossBase
from ..experiment.experiment import Experiment, Members
from ..network.trainable import Trainable
from .batches import Batch
from .class_weights import class_weights, row_weights

Costs = Callable[[Tensor, Tensor], Tensor]
"""What each number of outputs costs, given the targets."""

AT_ONCE: Final = 1 << 23
"""Numbers that listed layers say of a part of a set that is measured at once."""


class Evaluator:
    """Measures a network on whole sets, changing nothing.

    Args:
        members: Say which loss, and whether there are classes to get right.
        network: What is measured.
    """

    def __init__(self, members: Members, network: Trainable) -> None:
        self._network = network
        # What convolutions say of a whole set would fill the memory: it is asked part by part.
        convolves, units = bool(members[0].model.layers), sum(members[0].widths)
        self._most_rows = max(1, AT_ONCE // units) if convolves else 0
        self._loss, self._accuracy = loss_function(members), accuracy_function(members[0])

    @torch.no_grad()
    def __call__(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return loss and accuracy on a batch, [members] each; no accuracy is NaN.

        Args:
            batch: Rows of every member, [members, rows, …].
        """
        outputs = self.outputs(batch.inputs)
        loss = self._loss(outputs, batch.targets)
        # NaN and not 0: a figure that is not there must not look like a bad one.
        if self._accuracy is None:
            return loss, torch.full_like(loss, torch.nan)
        return loss, self._accuracy(outputs, batch.targets)

    @torch.no_grad()
    def outputs(self, inputs: Tensor) -> Tensor:
        """Return what the network says, computed as one that is not being trained.

        Args:
            inputs: [members, rows, features].

        Returns:
            [members, rows, outputs].
        """
        if self._most_rows and inputs.shape[1] > self._most_rows:
            parts = torch.split(inputs, self._most_rows, dim=1)
            return torch.cat([self.outputs(part) for part in parts], dim=1)
        # Telling every module costs a small network a good part of its forward: only where dropout
        # or batch normalisation would compute otherwise.
        if not self._network.modal:
            return self._network(inputs)
        self._network.train(mode=False)
        try:
            return self._network(inputs)
        finally:
            self._network.train()


def loss_function(members: Members) -> Callable[[Tensor, Tensor], Tensor]:
    """Return the loss of outputs [members, rows, outputs] and their targets, [members].

    PyTorch's own reductions would mix the members into one number, so it is asked for none and
    rows and outputs are reduced here: a mean over both, or a sum.

    Args:
        members: Their losses, which differ in what a row counts for by its class alone; one for
            all where the outputs are of copies of it.
    """
    spec, cost, weights = members[0].loss, costs(members[0].loss), class_weights(members)
    # Over classes PyTorch has summed the outputs already: what is left is [members, rows].
    axes = (1,) if spec.targets == "classes" else (1, 2)

    def loss(outputs: Tensor, targets: Tensor) -> Tensor:
        each = cost(outputs, targets)
        if weights is not None:
            each = each * row_weights(weights.to(outputs), targets)
        total: Tensor = each.sum(axes) if spec.reduction == "sum" else each.mean(axes)
        return root(total) if spec.root else total

    return loss


def costs(spec: LossBase) -> Costs:
    """Return what each number costs: of classes [members, rows], else the shape of the outputs."""
    if spec.functional is None:
        return lambda outputs, targets: ruled(spec, spec.rule.each, outputs, targets)
    # The function and not its class: it is asked for a number a row, whatever the preset's mean.
    function = getattr(torch.nn.functional, spec.functional)
    arguments = {**spec.arguments, "reduction": "none"}
    if spec.targets == "classes":
        # PyTorch wants the classes on axis 1, also of their shares.
        return lambda outputs, targets: function(
            outputs.transpose(1, 2),
            targets.transpose(1, 2) if targets.is_floating_point() else targets,
            **arguments,
        )
    cost = partial(function, **arguments)
    return partial(_of_probabilities, cost) if spec.outputs == "probability" else cost


def _of_probabilities(cost: Costs, outputs: Tensor, targets: Tensor) -> Tensor:
    """Return what probabilities cost; where one is no number, its cost is none either.

    PyTorch refuses these, as it does what is beyond 0 and 1, where every other loss is NaN: a run
    that diverges would fail. On a GPU it ends the process, so that they are looked for beforehand.
    """
    if not outputs.is_cuda:
        try:
            return cost(outputs, targets)
        except RuntimeError:
            pass
    none = outputs.isnan()
    return torch.where(none, outputs, cost(outputs.masked_fill(none, 0.5), targets))


def ruled(spec: LossBase, formula: str, y: Tensor, t: Tensor) -> Tensor:
    """Return what a formula of a loss's rule comes to, for outputs and targets of one shape."""
    values = {**vars(torch), **spec.arguments, "y": y, "t": t, "where": partial(_where, y)}
    for name, part in spec.rule.parts.items():
        values[name] = evaluate(parsed(part), values)
    computed: Tensor = evaluate(parsed(formula), values)
    return computed


def _where(like: Tensor, condition: Tensor, then: Any, otherwise: Any) -> Tensor:
    """Return what is chosen, of ``like``'s precision: of two numbers PyTorch makes float32."""
    if not isinstance(then, Tensor) and not isinstance(otherwise, Tensor):
        then = torch.full_like(like, then)
    return torch.where(condition, then, otherwise)


def root(mean: Tensor) -> Tensor:
    """Return the square root, whose gradient at 0 is 0: PyTorch's is NaN for what is inside it."""
    # Of what is no number the slope is none either, in every row.
    above = mean != 0
    # The inner 1.0 keeps infinity out of the branch that is not taken: 0 · inf would be NaN, and
    # backward multiplies both branches.
    return torch.where(above, torch.where(above, mean, 1.0).sqrt(), mean)


def decided(experiment: Experiment, outputs: Tensor) -> Tensor:
    """Return the class that outputs [members, rows, outputs] speak for: [members, rows]."""
    if experiment.loss.targets == "classes":
        # Of logits, probabilities or log-probabilities alike: none of these changes which is
        # greatest.
        return outputs.argmax(2)
    return (outputs > experiment.loss.threshold()).long().flatten(1)


def accuracy_function(experiment: Experiment) -> Callable[[Tensor, Tensor], Tensor] | None:
    """Return the share of rows whose class is right, [members], or None without classes."""
    if not experiment.has_accuracy:
        return None
    if experiment.loss.targets == "classes":
        # In float64 the share of a count is rounded once, when it is recorded.
        return lambda outputs, targets: (outputs.argmax(2) == targets).mean(1, dtype=torch.float64)
    boundary = experiment.loss.threshold()

    def binary(outputs: Tensor, targets: Tensor) -> Tensor:
        return ((outputs > boundary) == targets).mean((1, 2), dtype=torch.float64)

    return binary
