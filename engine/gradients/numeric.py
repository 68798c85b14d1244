"""Gradients by differences: the loss a little above a weight, less the loss a little below.

    ∂L/∂w ≈ (L(w + h) - L(w - h)) / 2h        h = 6e-6 · max(1, |w|)

The error is some h² times the loss's third derivative, plus the rounding of the loss over h; in
float64 both are least near h = 6e-6, the cube root of what float64 resolves. Nothing here knows
a formula or autograd, so it checks both, at the price of two forward passes for each weight.
"""

from __future__ import annotations

import copy
from typing import Final, Protocol

import torch
from torch import Tensor

from ..errors import CodeError
from ..experiment.experiment import Experiment
from ..network.dropout_masks import Masks
from ..network.module import Network
from ..network.own_module import OwnNetwork
from ..network.parameters import ParameterLayout
from ..step.batches import Batch
from ..step.evaluation import loss_function
from .autograd import EagerMethod
from .method import Workload

STEP: Final = 6e-6
"""How far a weight of up to 1 is moved either way; a larger one by that share of itself."""

BUDGET: Final = 4_000_000
"""Numbers that the copies which are evaluated side by side may take: 32 MB."""


class Numeric(EagerMethod):
    """Gradients by central differences in float64, whatever the network computes with.

    Args:
        workload: What to train, and on what.
    """

    name = "numeric"
    way = "operations"

    def __init__(self, workload: Workload) -> None:
        super().__init__(workload)
        # Members share no weight, so the slopes of one are found as if the others were not there.
        members = range(len(workload.members))
        self._differences = [Differences(workload, member) for member in members]

    def _differentiate(self, step: int, batch: Batch) -> tuple[Tensor, Tensor]:
        """Go forward once as the network is, then with every weight moved up and down."""
        # Before the forward: batch normalisation's running figures are among the weights.
        start = [each.weights(self.weights) for each in self._differences]
        # This one pass moves the running figures of a batch normalisation; the copies have theirs.
        with torch.no_grad():
            # No graph: nothing is ever sent back through it.
            outputs = self._network(batch.inputs)
            loss = self._loss(outputs, batch.targets)
        pointers = [parameter.grad for parameter in self._parameters]
        all_gradients = [each.view(len(start), -1) for each in pointers if each is not None]
        for member, differences in enumerate(self._differences):
            gradient = differences.gradient(step, start[member], batch_of(batch, member))
            # Added, as backward does: what was not cleared piles up here too.
            sizes = [gradients.shape[1] for gradients in all_gradients]
            for gradients, part in zip(all_gradients, torch.split(gradient, sizes), strict=True):
                gradients[member] += part
        return loss, outputs


def batch_of(batch: Batch, member: int) -> Batch:
    """Return one member's rows of a batch [members, rows, …] in float64, as a batch of one."""
    inputs, targets = batch.inputs[member, None].double(), batch.targets[member, None]
    return Batch(inputs, targets.double() if targets.is_floating_point() else targets)


class Differences:
    """The loss around one member's weights.

    Args:
        workload: What is trained.
        member: Which of its networks.
    """

    def __init__(self, workload: Workload, member: int) -> None:
        self._experiment, self._member = workload.members[member], member
        self._network, self._layout = workload.network, workload.layout
        shapes = workload.layout.parameters.values()
        self.parameters: Final = sum(torch.Size(shape).numel() for shape in shapes)
        """How many numbers are learned; the buffers' follow them."""
        self._copies: Copies | None = None

    def weights(self, flat: Tensor) -> Tensor:
        """Return the member's own numbers in ``flat`` [size], as float64 [numbers]."""
        return flat.detach()[self._layout.positions[self._member]].double()

    def gradient(self, step: int, weights: Tensor, batch: Batch) -> Tensor:
        """Return the slope of the loss in every parameter, [parameters].

        Args:
            step: Which one this is; every evaluation has its random numbers.
            weights: The member's own, [numbers].
            batch: What it sees, of one member.
        """
        return self.central(step, weights, batch, torch.arange(self.parameters))

    def central(
        self, step: int, weights: Tensor, batch: Batch, which: Tensor, share: float = 1.0
    ) -> Tensor:
        """Return the slope of the loss in some parameters.

        Args:
            step: Which one this is.
            weights: The member's own, [numbers].
            batch: What it sees, of one member.
            which: The places of the parameters in ``weights``.
            share: How much of the usual step is taken.
        """
        # Central: the error's first-order term is the same on both sides and cancels.
        above, below, span = self._around(step, weights, batch, which, share)
        return (above - below) / span

    def slopes(
        self, step: int, weights: Tensor, batch: Batch, which: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return the slopes below and above some parameters, which differ where there is a kink.

        Args:
            step: Which one this is.
            weights: The member's own, [numbers].
            batch: What it sees, of one member.
            which: The places of the parameters in ``weights``.
        """
        above, below, span = self._around(step, weights, batch, which)
        # One-sided, so each is only of first order: they are compared with one another, not
        # trusted.
        here = self._copies_for(batch).losses(step, weights[None], batch)
        return 2 * (here - below) / span, 2 * (above - here) / span

    @torch.no_grad()
    def _around(
        self, step: int, weights: Tensor, batch: Batch, which: Tensor, share: float = 1.0
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return the loss above and below each weight, and how far these two are apart."""
        copies = self._copies_for(batch)
        # Relative for large weights: a fixed step would be lost in their rounding.
        move = share * STEP * weights.abs().clamp(min=1.0)
        up, down = weights + move, weights - move
        losses = []
        # Each copy has one weight moved, up in the first half and down in the second.
        for places in torch.split(which, copies.count // 2):
            # [up and down, places, numbers]: each copy is the whole network with one number
            # changed.
            moved = weights.repeat(2, len(places), 1)
            rows = torch.arange(len(places))
            moved[0, rows, places], moved[1, rows, places] = up[places], down[places]
            losses.append(copies.losses(step, moved.flatten(0, 1), batch).view(2, -1))
        above, below = torch.cat(losses, 1)
        # The rounded difference, not 2h: that is how far the two really are apart.
        return above, below, (up - down)[which]

    def _copies_for(self, batch: Batch) -> Copies:
        """Return the copies of the network; how many there are depends on the rows of a batch."""
        if self._copies is None:
            if isinstance(self._network, OwnNetwork):
                self._copies = OwnCopy(self._experiment, self._network, batch.inputs.device)
            else:
                # Half of them go up and half go down, so there are two at least.
                rows, units = batch.inputs.shape[1], sum(self._experiment.widths)
                room = BUDGET // (rows * units + self.parameters)
                count = 2 * max(1, min(self.parameters, room // 2))
                self._copies = SideBySide(self._experiment, count, batch.inputs.device)
        return self._copies


class Copies(Protocol):
    """Copies of one network in float64."""

    count: int
    """How many weights can be evaluated at once."""

    def losses(self, step: int, weights: Tensor, batch: Batch) -> Tensor:
        """Return the loss of each of some weights [count or fewer, numbers], all at one step."""
        ...


class SideBySide:
    """As many members of one population, that all draw what one of them would draw.

    Args:
        experiment: What the network looks like, and what its seed is.
        count: How many copies.
        device: Where they are evaluated.
    """

    def __init__(self, experiment: Experiment, count: int, device: torch.device) -> None:
        self.count = count
        layout = ParameterLayout(experiment, count)
        self._flat = torch.zeros(layout.size, dtype=torch.float64, device=device)
        self._positions = torch.from_numpy(layout.positions).to(device)
        # One mask for all of them: it need not be drawn for each.
        masks = Masks([experiment], device, torch.float64)
        self._network = Network([experiment] * count, self._flat, masks)
        self._loss = loss_function([experiment])

    @torch.no_grad()
    def losses(self, step: int, weights: Tensor, batch: Batch) -> Tensor:
        """Return the loss of each of some weights."""
        # Fewer weights than copies at the end: the others keep what they had, and are cut off.
        self._flat[self._positions[: len(weights)]] = weights
        self._network.begin(step)
        inputs = batch.inputs.expand(self.count, *batch.inputs.shape[1:])
        targets = batch.targets.expand(self.count, *batch.targets.shape[1:])
        return self._loss(self._network(inputs), targets)[: len(weights)]


class OwnCopy:
    """A copy of a network of one's own: one evaluation after another.

    Args:
        experiment: What it is part of.
        network: What is copied.
        device: Where it is evaluated.
    """

    count = 2

    def __init__(self, experiment: Experiment, network: OwnNetwork, device: torch.device) -> None:
        # Evaluated with weights moved about: the network that is trained must not see that.
        self._network = copy.deepcopy(network)
        self._flat = self._network.flatten(device, torch.float64)
        self._positions = torch.from_numpy(ParameterLayout(network, 1).positions[0]).to(device)
        self._loss = loss_function([experiment])

    @torch.no_grad()
    def losses(self, step: int, weights: Tensor, batch: Batch) -> Tensor:
        """Return the loss of each of some weights.

        Raises:
            CodeError: The network does not compute in float64.
        """
        return torch.cat([self._loss_of(step, each, batch) for each in weights])

    def _loss_of(self, step: int, weights: Tensor, batch: Batch) -> Tensor:
        # Buffers among the weights: what an evaluation has moved is put back by the next.
        self._flat[self._positions] = weights
        self._network.begin(step)
        try:
            return self._loss(self._network(batch.inputs), batch.targets)
        except RuntimeError as error:
            where = "in float64, where the network of one's own fails"
            what = f"train.gradients: numeric gradients are computed {where}: {error}"
            raise CodeError(what) from error
