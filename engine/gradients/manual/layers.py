"""One update's formulas, wired once for a number of rows.

    x ─► linear ─► normalisation ─► activation ─► dropout ─► … ─► outputs     forward, all rows
         linear ◄─ normalisation ◄─ activation ◄─ dropout ◄─ … ◄─ loss        backward, learned ones

A graph owns its buffers, all of them made here: no step allocates. The weights are views that it
shares with every other graph.

It is not discovered while the network runs, as autograd's is, for it is the same in every step: a
list of forwards and a list of backwards, each between buffers that it was made with. The dev rows,
where there are any, are columns beside those that are learned from: forward takes both in one
product, backward stops at ``learned``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from torch import Tensor

from ...experiment.experiment import Members
from ...network.dropout_masks import Masks
from . import activations, losses, normalisation
from .dropout import DropoutFormula
from .linear import LinearFormula

Gradients = Mapping[str, Sequence[Tensor]]
"""Where each parameter's gradient goes, for each row of a block; shaped as the parameter."""


class Formula(Protocol):
    """A part of the network, between the buffers it was made with."""

    def forward(self) -> None:
        """Compute its outputs from its inputs."""

    def backward(self, row: int) -> None:
        """Turn the derivative by its outputs into that by its inputs, and by its parameters."""


class FormulaGraph:
    """The formulas of a network for so many rows.

    Args:
        members: What the network looks like, and its loss.
        weights: Parameters and buffers by name: weights [members, out, in], all else
            [members, out, 1].
        gradients: Where the gradients go.
        masks: What dropout leaves out.
        learned: How many rows are learned from, the first ones.
        rows: How many rows are computed.
    """

    def __init__(
        self,
        members: Members,
        weights: Mapping[str, Tensor],
        gradients: Gradients,
        masks: Masks,
        *,
        learned: int,
        rows: int,
    ) -> None:
        self._weights, self._gradients = weights, gradients
        self._masks = masks
        self._formulas: list[Formula] = []
        self._dropouts: list[DropoutFormula] = []
        experiment, count = members[0], len(weights["layer1.bias"])
        new = weights["layer1.bias"].new_zeros
        # gb = dy 1: with a vector of ones a sum over the rows is a product, and in one call.
        self._ones = new(learned).fill_(1)
        self.x: Final = new(count, experiment.widths[0], rows)
        """The inputs of all rows, [members, features, rows]."""

        model = experiment.model
        h, d = self.x, None
        for index, units in enumerate(experiment.widths[1:], start=1):
            # z is [members, units, rows]; h, what the next layer sees, is z itself where the
            # activation can write over it. d is the derivative by h, of the learned rows alone, and
            # shares its memory with dz: each formula turns the one into the other in place.
            z, dz = new(count, units, rows), new(count, units, learned)
            self._add_linear(index, h, z, dz, d)
            if (kind := model.normalisations[index - 1]) != "none":
                self._add_normalisation(kind, index, z, dz)
            h, d = self._add_activation(model.activations[index - 1], z, dz), dz
            if model.dropouts[index - 1]:
                h = self._add_dropout(h, d)

        assert d is not None
        self.outputs: Final = h
        """What the network says of all rows, [members, outputs, rows]."""
        self._loss = losses.FORMULAS[experiment.loss.name](members, h[:, :, :learned], d)
        # Looked up once: in a small network's step, what Python looks up is felt.
        self._forwards = [formula.forward for formula in self._formulas]
        self._backwards = [formula.backward for formula in reversed(self._formulas)]

    def begin(self, step: int) -> None:
        """Take what is drawn for a step."""
        if self._dropouts:
            self._masks.begin(step)
            for dropout in self._dropouts:
                dropout.draw()

    def forward(self) -> None:
        """Compute the outputs of all rows."""
        for forward in self._forwards:
            forward()

    def backward(self, row: int, targets: Tensor) -> None:
        """Compute every parameter's gradient.

        Args:
            row: The row of the block that it goes into.
            targets: [members, outputs, learned rows], classes as ones and zeros.
        """
        # The loss leaves dh of the last layer in d; each formula turns d into the one before it.
        self._loss.derive(targets)
        for backward in self._backwards:
            backward(row)

    def _add_linear(self, index: int, x: Tensor, y: Tensor, dy: Tensor, dx: Tensor | None) -> None:
        names = f"layer{index}.weight", f"layer{index}.bias"
        weight, bias = (self._weights[name] for name in names)
        gradients = self._rows(*names)
        self._formulas.append(LinearFormula(weight, bias, x, y, dy, dx, gradients, self._ones))

    def _add_normalisation(self, kind: str, index: int, z: Tensor, dz: Tensor) -> None:
        prefix = f"layer{index}.norm."
        named = ((name.partition(prefix), tensor) for name, tensor in self._weights.items())
        # "layer2.norm.running_mean": what the layer's normalisation has, by its name in there.
        parameters = {name: tensor for (_, of_it, name), tensor in named if of_it}
        gradients = self._rows(f"{prefix}weight", f"{prefix}bias")
        self._formulas.append(normalisation.FORMULAS[kind](z, dz, parameters, gradients))

    def _add_activation(self, name: str, z: Tensor, dz: Tensor) -> Tensor:
        """Add an activation; return what it makes of z."""
        if name == "identity":
            return z
        formula = activations.FORMULAS[name]
        h = z if formula.in_place else z.new_zeros(z.shape)
        self._formulas.append(formula(z, h, dz))
        return h

    def _add_dropout(self, x: Tensor, d: Tensor) -> Tensor:
        """Add a dropout; return what it leaves of x."""
        h = x.new_zeros(x.shape)
        self._dropouts.append(DropoutFormula(x, h, d, self._masks, len(self._dropouts)))
        self._formulas.append(self._dropouts[-1])
        return h

    def _rows(self, weight: str, bias: str) -> Sequence[tuple[Tensor, Tensor]]:
        return list(zip(self._gradients[weight], self._gradients[bias], strict=True))
