"""How a preset is trained, and how many networks of its shape."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from ..components.section import Count, NonNegative, Positive, Section

MAX_STEPS: Final = 1_000_000_000
"""Steps a run may take."""


MAX_MEMBERS: Final = 10_000
"""Networks that are trained side by side at most: a recording keeps every step of each."""

VariedValue = bool | int | float | str | list[Any]
"""What a key may be set to in a member of a population, or in a trial of a sweep."""


class Training(Section):
    """How long, on what batches, and what is decided on the way."""

    epochs: Count | None = None
    """Passes over the training set. Where neither this nor ``steps`` is set: 1000, or 1000 steps
    where every step draws fresh rows."""
    steps: Count | None = None
    """Optimizer updates, in place of ``epochs``."""
    batch_size: Literal["full"] | Annotated[int, Field(ge=1, le=10_000_000)] = "full"
    """Rows in a step: a number, or ``"full"`` for the whole training set. Where the last batch
    of an epoch is smaller, it is used as it is."""
    drop_last: bool = False
    """Leave out the last batch of an epoch where it is smaller than the others; with ``shuffle``
    every epoch leaves out other rows."""
    shuffle: bool = True
    """Take the rows of every epoch in an order of its own. ``false`` takes them in the order of
    the data, as in a file sorted by class: each batch then says of one class alone, and every
    update forgets the others."""
    gradients: Literal["auto", "manual", "autograd", "numeric"] = "auto"
    """How gradients are computed: ``"manual"`` by formulas derived by hand, which is by far the
    fastest, ``"autograd"`` by PyTorch's ``backward``, ``"numeric"`` by central differences in
    float64, which is slow and checks the other two. ``"auto"`` takes the formulas where every
    part of the experiment has one, else autograd."""
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    """What every random number is derived from."""
    dtype: Literal["float32", "float64"] = "float32"
    """The numbers the network computes with; recordings keep float32."""
    evaluate_every: Count = 1
    """Epochs between measurements on the dev set (steps, where there are no epochs)."""
    keep_best: Literal["accuracy", "loss", "off"] | None = None
    """Which measurement on the dev set decides the weights that are kept for the result, in a run
    that diverges too. Of equal accuracies the smaller dev loss decides, and of what is equal in
    both the first. Left out: accuracy for classes, loss for numbers. ``"off"`` keeps the last
    weights."""
    patience: Count | None = None
    """Stop after so many measurements on the dev set without a new best one. By accuracy a
    smaller dev loss at an equal accuracy is a new best one: it waits while the loss falls."""
    monitor: Literal["accuracy", "loss"] | None = None
    """Which measurement on the dev set patience waits for; that of ``keep_best`` where this is left
    out. The weights that are kept are those of ``keep_best`` all the same."""
    min_delta: NonNegative = 0.0
    """By how much that measurement must be better than the last one that counted, to count for
    patience: what is less is taken for noise, and so is, by accuracy, a smaller dev loss. The
    weights that are kept are the best all the same."""
    loss_threshold: NonNegative | None = None
    """Stop once a step's training loss is at most this."""
    clip_norm: Positive | None = None
    """Scale the gradient down to this norm, all parameters together, where it is above. The
    norms that are shown are of the gradient before."""
    clip_value: Positive | None = None
    """Cut every gradient off at plus and minus this."""
    zero_grad: bool = True
    """Clear the gradients before each step. Without that they pile up, and every update repeats
    all earlier ones: a mistake that is made, and here can be watched."""
    probe: Literal["auto", "off"] | Annotated[int, Field(ge=1, le=MAX_STEPS)] = "auto"
    """Steps between measurements of the network itself: the norms of its weights, how far an
    update moves them, how many units are dead or saturated. ``"auto"`` is each of the first steps
    and ever fewer: 4 to 16 of them each time the step doubles, as many as take about 5 % of the
    run's time (1 to 16 in runs of up to 256 steps), and the last one that is planned."""

    def _problems(self) -> Iterator[str]:
        if self.epochs is not None and self.steps is not None:
            yield "set epochs or steps, not both"


class Population(Section):
    """Networks of one shape that are trained side by side and differ in numbers alone."""

    seeds: Annotated[int, Field(ge=1, le=MAX_MEMBERS)] = 1
    """How many networks are trained side by side, each with the next seed, from ``train.seed`` on.
    Each is drawn as it would be alone."""
    vary: dict[str, Annotated[list[VariedValue], Field(min_length=1)]] = Field(
        default={}, max_length=20
    )
    """What else the networks differ in: keys of the preset, each with its values, as in
    ``{ "optimizer.lr" = [0.01, 0.1], "train.clip_norm" = [1.0, 5.0] }``. There is a network for
    every combination and seed. What changes the shape, the batches or the length cannot vary."""
    settings: list[Annotated[dict[str, VariedValue], Field(min_length=1, max_length=20)]] = Field(
        default=[], max_length=MAX_MEMBERS
    )
    """In place of ``vary``, the networks one by one where they are no grid: each with the same
    keys, as in ``[{ "optimizer.lr" = 0.1, "train.seed" = 7 }, { "optimizer.lr" = 0.2,
    "train.seed" = 9 }]``. There is a network for each of them and seed."""

    def _problems(self) -> Iterator[str]:
        if self.vary and self.settings:
            yield "set vary or settings, not both"
        for place, setting in enumerate(self.settings):
            if setting.keys() != self.settings[0].keys():
                yield f"settings[{place}]: must have the keys of the first alone"

    @property
    def members(self) -> int:
        """How many networks there are."""
        grid = math.prod(len(values) for values in self.vary.values())
        return self.seeds * (len(self.settings) or grid)
