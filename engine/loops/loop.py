"""A training loop that is watched: its steps become rows, and what viewers ask for is answered.

    with watch(model, optimizer) as run:
        for x, y in loader:
            loss = loss_fn(model(x), y)
            optimizer.zero_grad(); loss.backward(); optimizer.step()
            run.log(loss=loss)

Row s is optimizer step s. Everything that touches a tensor happens in the loop's own thread, inside
the optimizer's hooks; another thread says once a second that the run is alive.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import Any, Final, Literal, Self

from torch import Tensor
from torch.compiler import disable, is_dynamo_compiling
from torch.optim import Optimizer

from ..errors import RequestError
from ..gradients.leaned_on import was_anything_compiled
from ..recording.events import End
from .by_hand import heard
from .clipping import Listening
from .owners import Owners
from .parameters import Newcomers, WatchedParameters
from .ranks import NoWriter, Ranks
from .rates import LoopRates
from .steps import Steps
from .successors import Successors
from .units import Units
from .viewers import LoopViewers, Stopped
from .words import LoopWords
from .writing import LoopWriter

LEFT_OUT: Final = "was left out: a gradient was infinite or no number"

COMPILED: Final = "a step of its optimizer is compiled: what steps there is in no row"


class Loop(LoopWords):
    """A loop that is watched; ``watch`` makes it.

    Args:
        watched: Its parameters.
        optimizers: What moves them.
        writer: Where its rows go.
        units: Looks at its hidden units.
        control: Whether viewers may pause, step and stop it and set its rate.
        stop: What a stop does to a loop that never reads ``should_stop``: ``"raise"`` ends it with
            ``Stopped``, ``"flag"`` leaves it alone.
        ranks: The processes that train it together, where it is several.
        clock: Seconds.
        wait: Waits so many seconds.
    """

    def __init__(
        self,
        watched: WatchedParameters,
        optimizers: Sequence[Optimizer],
        writer: LoopWriter | NoWriter,
        units: Units,
        *,
        control: bool = True,
        stop: Literal["raise", "flag"] = "raise",
        ranks: Ranks | None = None,
        clock: Callable[[], float] = time.perf_counter,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self.watched: Final = watched
        self._owners = Owners(watched.tensors, optimizers)
        optimizers = self.optimizers = self._owners.optimizers
        """Those that are watched now; a list that stays the same one."""
        self._writer, self._units, self._clock = writer, units, clock
        super().__init__(Steps(watched, optimizers, writer, units, clock, ranks))
        self._newcomers = Newcomers(watched, optimizers, self._steps.welcome)
        self._rates = LoopRates(optimizers)
        self._viewers = LoopViewers(
            self._steps,
            self._newcomers,
            self._rates,
            writer,
            self._say,
            control=control,
            raises=stop == "raise",
            ranks=ranks,
            clock=clock,
            wait=wait,
        )
        self._handler = self._viewers.handler
        self._started = clock()
        self._successors = Successors(self._owners, self._take_over)
        self._hooks: list[Any] = []
        """What is to be removed where nothing is watched any more."""
        self._closed = False
        """Whether its end was said."""
        self.is_within = False
        """Whether it stands in a ``with`` that ends it."""
        self._is_compiled = False
        """Whether an optimizer's step is compiled, so that nothing is seen of it."""
        self._is_open = False
        """Whether there is a row that steps go into."""
        self._stepped: set[int] = set()
        """The optimizers that stepped in it, by identity."""
        self._within: Optimizer | None = None
        """The optimizer whose step is being taken."""
        self._reached = True
        """Whether a scaler that was to step an optimizer did."""

    @property
    def path(self) -> str:
        """The run's folder, for ``epochal open``."""
        return str(self._writer.folder.path)

    @property
    def should_stop(self) -> bool:
        """Whether somebody asked the loop to stop; to read it is to promise to."""
        return self._viewers.should_stop()

    def backward_done(self) -> None:
        """Say that gradients are whole: what changes them from here on, as clipping does, is told
        apart from them.
        """
        self._before_clipping(self._steps.tensors)

    # --- its life ---------------------------------------------------------------------------

    def __enter__(self) -> Self:
        self.attach()
        self.is_within = True
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        """End the run as the loop ended; only ``Stopped`` goes no further."""
        self.close(error)
        return isinstance(error, Stopped)

    def attach(self) -> None:
        """Begin to watch the optimizers' steps, if that is not done already.

        Raises:
            RequestError: The run is over.
        """
        if self._closed:
            raise RequestError("this run is over; watch() makes another")
        if self._hooks:
            return
        for optimizer in self.optimizers:
            with contextlib.suppress(AttributeError):
                # One that knows no hooks only wraps another, which takes its place.
                self._hear(optimizer)
        self._steps.probe.come(self.step + 1)
        self._successors.listen()
        self._hooks += [self._successors, Listening(self._before_clipping, self._scaled, self._say)]

    def detach(self) -> None:
        """Watch no more steps; what was seen so far is written."""
        for hook in self._hooks:
            hook.remove()
        self._hooks.clear()
        self._units.close()
        if self._is_compiled:
            self._say(COMPILED)
        self._stepped.clear()
        self._is_open = False
        self._steps.flush()

    def close(self, error: BaseException | None = None) -> None:
        """Say how the loop ended; afterwards nothing is watched.

        Args:
            error: What ended it, if anything did.
        """
        if self._closed:
            return
        self._closed = True
        self._fall_silent()
        # Where one of several processes fails, the others come to no sum of norms any more.
        self._steps.be_last(alone=not (error is None or isinstance(error, Stopped)))
        self.detach()
        self._steps.write_rest()
        status, reason = _outcome(error, self._viewers.stop_reason)
        result = {**self._steps.result(), "seconds": self._clock() - self._started}
        self._writer.end(End(step=self.step, status=status, reason=reason, result=result))

    def stop(self, status: str, reason: str) -> None:
        """Ask the loop to stop: see ``should_stop``; one that is paused goes on to where it can."""
        self._viewers.stop(status, reason)

    @property
    def lr(self) -> float:
        """The learning rate of the next step: the first group's of the first optimizer."""
        return self._viewers.lr

    @lr.setter
    def lr(self, value: float) -> None:
        self._viewers.lr = value

    # --- its steps --------------------------------------------------------------------------

    def joins(self, optimizer: Optimizer) -> bool:
        """Whether the next step of an optimizer is of the row that is open."""
        return self._is_open and self._stepped.isdisjoint(self._owners.rivals(optimizer))

    def _turn_to(self, optimizers: set[int]) -> None:
        """Have a row open in which none of these optimizers has stepped."""
        if not self._is_open or optimizers & self._stepped:
            self._turn()

    def _turn(self) -> None:
        """Close the row that is open and open another, where something is to be done between."""
        self._is_open = False
        self._stepped.clear()
        now, viewers = self._clock(), self._viewers
        # Nearly always nothing is: what a step costs is what it calls.
        if now >= viewers.look_at or viewers.is_urgent:
            self._steps.write_if_due(now)
            viewers.attend(now)
        self._steps.begin()
        self._is_open = True

    def _hear(self, optimizer: Optimizer) -> None:
        # Where steps are compiled, all this stays out of what is.
        apart: Any = disable if was_anything_compiled() else lambda hook: hook
        moved, more = self._steps.probe.moved, self._steps.keep_more
        self._hooks += heard(optimizer, moved, more, self._owners.has)
        self._hooks.append(optimizer.register_step_pre_hook(apart(self._before_step)))
        self._hooks.append(optimizer.register_step_post_hook(apart(self._after_step)))

    def _before_step(self, optimizer: Optimizer, args: Any, kwargs: Any) -> None:
        if is_dynamo_compiling():
            self._is_compiled = True  # so that nothing is seen of the step
            return
        by_turns = self._owners.are_shared and not self.joins(optimizer)
        if by_turns or not self._is_open or id(optimizer) in self._stepped:
            self._turn()
        if self._owners.are_shared and (said := self._owners.given_back(optimizer)):
            self._say(said)
        self._within = optimizer
        # With a closure the gradients are computed within the step.
        if len(args) < 2 and not kwargs:
            self._steps.keep(optimizer, scaled=not self._reached)

    def _after_step(self, optimizer: Optimizer, args: Any, kwargs: Any) -> None:
        if is_dynamo_compiling():
            return
        if len(args) > 1 or kwargs:
            self._steps.keep(optimizer, scaled=not self._reached)
        first = not self._stepped
        self._steps.stepped(self._rates.now, first=first)
        if first and self._handler.owed is not None:
            self._viewers.counted()
        self._stepped.add(id(optimizer))
        self._reached, self._within = True, None

    def _take_over(self, optimizer: Optimizer) -> bool:
        """Watch an optimizer that moves what others did; return whether it is known now."""
        if self._within is not None:
            return False  # its step is a part of another's
        if places := self._steps.welcome(optimizer):
            self._hear(optimizer)
            # What moves the same numbers again does so in another step.
            self._turn_to(self._owners.of(places))
            self._say(self._owners.give(places, optimizer))
        elif said := self._newcomers.moved_by(optimizer):
            self._say(said)
        return True

    def _before_clipping(self, parameters: Iterable[Tensor]) -> None:
        if not self._steps.probe.is_by_hand and (places := [*self._steps.places_of(parameters)]):
            self._turn_to(self._owners.of(places))
            self._steps.keep_early(places)

    def _scaled(self, optimizer: Any, step: Callable[[], Any]) -> Any:
        self._reached = False
        result = step()
        if optimizer in self.optimizers and not self._reached:
            self._say(f"step {self.step + 1} {LEFT_OUT}")
            if not self._stepped or id(optimizer) in self._stepped:
                self._steps.leave_out()
        return result


def _outcome(error: BaseException | None, stop_reason: str) -> tuple[str, str]:
    """Return the status and the reason of a loop's end."""
    if isinstance(error, GeneratorExit) or (isinstance(error, SystemExit) and not error.code):
        # Whoever goes through a generator needs no more of it.
        error = None
    if error is not None and not isinstance(error, Stopped):
        words = str(error).strip().split("\n")[0][:500]
        return "failed", f"{type(error).__name__}{': ' if words else ''}{words}"
    return ("stopped", stop_reason) if stop_reason else ("finished", "steps")
