"""Learning rates of every step, as PyTorch's schedulers give them."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from torch.optim import lr_scheduler

from ..experiment.experiment import Experiment, Members
from ..recording.checkpoints import State


class Scheduler:
    """The learning rate over a run; ticks at the end of each epoch, or of each step.

    Args:
        experiment: Names the schedule, and says how long an epoch is.
        optimizer: Whose learning rate it sets.
    """

    def __init__(self, experiment: Experiment, optimizer: torch.optim.Optimizer) -> None:
        self._spec, self._optimizer = experiment.schedule, optimizer
        self._first = float(optimizer.param_groups[0]["lr"])
        self.needs_measurement = self._spec.needs_measurement
        """Whether a tick wants the loss that was measured."""
        looks = experiment.evaluation_stride if self.needs_measurement else 0
        # Counted in ticks from here on: PyTorch's schedulers know no steps and no epochs.
        self._every = looks or experiment.steps_per_epoch or 1
        self._begin(experiment.steps // self._every)

    def _begin(self, ticks: int) -> None:
        """Begin, as the schedule of a run of so many ticks."""
        spec, optimizer = self._spec, self._optimizer
        group = optimizer.param_groups[0]
        group.pop("initial_lr", None)
        group["lr"], self._ticks = self._first, ticks
        self._phases: list[tuple[int, Callable[[], Any]]] = []
        if spec.warmup:
            # The rise has warmup + 1 equal parts, so that not even the first step has a rate of 0.
            first = 1 / (spec.warmup + 1)
            rise = partial(lr_scheduler.LinearLR, optimizer, first, total_iters=spec.warmup)
            self._phases.append((spec.warmup, rise))
        if spec.torch_name:
            main = getattr(lr_scheduler, spec.torch_name)
            arguments = spec.arguments(ticks - spec.warmup)
            # Where the run is lengthened, its rate stays what it has come to by then.
            self._phases.append((ticks - spec.warmup, partial(main, optimizer, **arguments)))
        self._left = 0
        self._phase: Any = None
        self._next_phase()

    def due(self, step: int) -> bool:
        """Return whether a step ends with a tick."""
        return self._left > 0 and step % self._every == 0

    def tick(self, measured: float) -> None:
        """Set the learning rate of the next step.

        Args:
            measured: What it looks at, of the dev set, or of the last batch where there is none.
        """
        assert self._phase is not None
        # PyTorch's own ticks, so that rates are those of anybody's loop to the last bit.
        self._phase.step(*([measured] if self.needs_measurement else []))
        self._left -= 1
        if not self._left and self._phases:
            self._next_phase()

    def lengthen(self, steps: int, step: int) -> None:
        """Go on after a step as the schedule of a run of so many steps."""
        ticks, group, counted = steps // self._every, group_state(self._optimizer), self.state()
        more = ticks - self._ticks
        self._begin(ticks)
        if self._spec.arguments(1) == self._spec.arguments(2):
            # It does not ask how long the run is, and goes on where it was.
            left = counted["ticks_left"] + (0 if counted["phases_left"] else more)
            self.restore({**counted, "ticks": ticks, "ticks_left": left})
            self._optimizer.param_groups[0] |= group
            return
        with warnings.catch_warnings():
            # The updates before these ticks were taken: PyTorch does not know of them.
            warnings.filterwarnings("ignore", "Detected call of .lr_scheduler", UserWarning)
            for _ in range(step // self._every):
                self.tick(0.0)

    def state(self) -> State:
        """Return how far it is: which schedulers are left, and what the one that ticks counts."""
        counted = {} if self._phase is None else self._phase.state_dict()
        return {
            "ticks": self._ticks,
            "phases_left": len(self._phases),
            "ticks_left": self._left,
            # Its constants are among them, which are those of the experiment in any case.
            "phase": {name: value for name, value in counted.items() if _is_finite(value)},
        }

    def restore(self, state: State) -> None:
        """Go on from what ``state`` returned; the learning rate is whoever's it is.

        Raises:
            ValueError: It is none of this schedule.
        """
        # Anew in any case: the state may lie behind, where steps are taken back, and what a
        # scheduler has found since, such as the least loss, is not all in what it counts.
        self._begin(state.get("ticks", self._ticks))
        if not 0 <= state["phases_left"] <= len(self._phases):
            raise ValueError(f"a schedule has no {state['phases_left']!r:.60} phases left")
        while len(self._phases) > state["phases_left"]:
            self._next_phase()
        if self._phase is not None:
            self._phase.load_state_dict(state["phase"])
        self._left = state["ticks_left"]

    def _next_phase(self) -> None:
        """Make the next scheduler when the one before is through: it starts from its rate."""
        self._phase, self._left = None, 0
        if self._phases:
            # Made now and not before: a schedule takes the rate it finds for its first.
            self._left, make = self._phases.pop(0)
            self._phase = make()


def _is_finite(value: Any) -> bool:
    """Whether a value is a number or a list of numbers, all of which a file can hold."""
    numbers = value if isinstance(value, list) else [value]
    return all(isinstance(each, int | float) and math.isfinite(each) for each in numbers)


def group_state(optimizer: torch.optim.Optimizer) -> State:
    """Return the rates that an optimizer and PyTorch's schedulers keep."""
    group = optimizer.param_groups[0]
    return {name: float(group[name]) for name in ("lr", "initial_lr") if name in group}


class Rates:
    """The learning rate of each member over a run, set by PyTorch's schedulers.

    Members whose rates go the same way share one. A rate that stays as it is has none.

    Args:
        members: The members, whose schedules may differ in their numbers.
    """

    def __init__(self, members: Members) -> None:
        spec = members[0].schedule
        # What looks at a member's loss is that member's own.
        ways = [
            (member.optimizer.lr, member.schedule, index if spec.needs_measurement else 0)
            for index, member in enumerate(members)
        ]
        # A thousand members of one rate are one scheduler.
        different = list(dict.fromkeys(ways.index(way) for way in ways))
        self.way_of = [different.index(ways.index(way)) for way in ways]
        """Which of the ways each member's rate goes: the place of its own in the state."""
        self._first_of = different
        """The first member of each way."""
        self._rates = [_Rate(members[index].optimizer.lr) for index in different]
        self.moves = any(member.schedule.moves for member in members)
        """Whether any rate changes by itself."""
        moving = zip(different if self.moves else [], self._rates, strict=False)
        self._schedulers = [Scheduler(members[index], rate) for index, rate in moving]
        self._ticking: list[tuple[int, Scheduler]] = []
        self.needs_measurement = spec.needs_measurement
        """Whether a tick wants the losses that were measured."""
        self.now: list[float] = []
        """The learning rate of the next update, for each member; a new list whenever it changes."""
        self._read()

    def set(self, value: float) -> None:
        """Set every member's learning rate from the next update on; schedules go on from it."""
        for rate in self._rates:
            rate.param_groups[0]["lr"] = value
        self._read()

    def due(self, step: int) -> bool:
        """Return whether a step ends with a tick of any member's."""
        self._ticking = [each for each in enumerate(self._schedulers) if each[1].due(step)]
        return bool(self._ticking)

    def tick(self, measured: Sequence[float]) -> None:
        """Set the learning rates of the next step, after one that is ``due``.

        Args:
            measured: What the schedule looks at of each member; anything where it does not look.
        """
        for way, scheduler in self._ticking:
            figure = measured[self._first_of[way]] if self.needs_measurement else 0.0
            # An update of nothing: see ``_Rate``.
            self._rates[way].step()
            scheduler.tick(figure)
        self._read()

    def lengthen(self, steps: int, step: int) -> None:
        """Go on after a step with the rates of a run of so many steps."""
        for scheduler in self._schedulers:
            scheduler.lengthen(steps, step)
        self._read()

    def state(self) -> State:
        """Return the rates of each way, and how far their schedules are."""
        return {
            "groups": [group_state(rate) for rate in self._rates],
            "schedules": [each.state() for each in self._schedulers],
        }

    def restore(self, state: State) -> None:
        """Go on from what ``state`` returned."""
        for scheduler, counted in zip(self._schedulers, state["schedules"], strict=True):
            scheduler.restore(counted)
        for rate, group in zip(self._rates, state["groups"], strict=True):
            rate.param_groups[0] |= group
        self._read()

    def _read(self) -> None:
        # Read back and not computed: what PyTorch's schedulers have written there is the rate.
        rates = [float(rate.param_groups[0]["lr"]) for rate in self._rates]
        self.now = [rates[way] for way in self.way_of]


class _Rate(torch.optim.Optimizer):
    """A learning rate where PyTorch's schedulers look for it: in an optimizer of nothing.

    It is not made as PyTorch makes one, which takes seconds the first time: that loads the
    compiler.

    Args:
        lr: The rate at first.
    """

    def __init__(self, lr: float) -> None:
        self.defaults = {}
        self.param_groups = [{"params": [], "lr": lr}]

    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Do nothing: PyTorch's schedulers warn if they tick before an update."""
