"""A script that is watched as it is: not a line of it is changed.

    the first backward()  ─► all optimizers and modules that the script has made by then
    the next, without     ─► what has moved in between, by the script's own lines
    a later one           ─► the same again, a run of their own, once the former training is over
    every backward()      ─► what it is called on is the loss of the step to come, or of the one
                             within which it is called first

It is run as Python would run it: its arguments, its folder in front of the path, its exit status.
"""

from __future__ import annotations

import contextlib
import gc
import hashlib
import mmap
import os
import runpy
import sys
import threading
import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import wraps
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.compiler import is_dynamo_compiling
from torch.optim import Optimizer
from torch.optim.optimizer import (
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
)

from ..errors import EpochalError, RequestError
from ..text.files import read_file
from ..text.numbers import counted
from ..text.safe import plain
from .backwards import Backwards, is_within_backward
from .by_hand import HandWritten, Hearing
from .called import named_here
from .loop import Loop
from .moved import Moved
from .own_lines import names_in
from .owners import parameters_of
from .parameters import unwrapped
from .script_losses import ScriptLosses
from .script_training import Collecting, ScriptTraining
from .viewers import Stopped

MOST_BYTES: Final = 100_000_000
"""A script is smaller."""


NOTHING: Final = (
    "no optimizer took a step, and nothing moved between two calls of backward(); nothing was "
    "recorded (parameters that are other tensors at each step, gradients by autograd.grad, and "
    "processes that a script starts afresh are not seen; epochal.watch and epochal.record are "
    "for these)"
)

NO_STEP: Final = (
    "no optimizer took a step, though one was made; what the script moves by lines of its own is "
    "watched where there is none"
)

BESIDE: Final = (
    "what the script trained beside a training that it had not let go of, or without a module, is "
    "in no run; epochal.watch watches that"
)


_LEFT: Final[list[Mapping[str, Any]]] = []
"""The names of scripts that ended, which live as long as this process, as where Python runs them.

Not only for what happens at the exit and looks for it: a model of DistributedDataParallel that is
let go of within a step of Python waits for threads which wait for Python.
"""


class _Thread(threading.local):
    """What a thread of the script does now.

    Whether it moves something itself is looked for by each in its own tensors: the gradients of
    another's may be written right then, by what does not wait for Python.
    """

    def __init__(self) -> None:
        self.moved = Moved()
        """What it may train without an optimizer."""
        self.passes, self.most = 0, 1
        """How many passes there were since its last step, and at most between two of them."""

    within: Optimizer | None = None
    """The optimizer whose step is being taken: what is called within it is a part of it."""


class ScriptWatch:
    """Watches whatever optimizers step in this process, or what the script moves by lines of its
    own where it has none.

    Args:
        options: What ``watch`` is told besides.
    """

    def __init__(self, **options: Any) -> None:
        self._options = options
        self._training: ScriptTraining | None = None
        """What is trained, once an optimizer has stepped."""
        self._count = 0
        """How many trainings there were."""
        self._losses = ScriptLosses()
        self._put_back: list[tuple[Any, str, Any]] = []
        self._made: list[weakref.ref[Optimizer]] = []
        """The optimizers that the script has made and that are of no training yet, in turn; those
        it let go of are none."""
        self._others = weakref.WeakSet[Optimizer]()
        self._collecting = Collecting()
        self._here = _Thread()
        self._beginning = threading.Lock()
        self._pid, self._is_in_children = os.getpid(), mmap.mmap(-1, 1)
        self._is_last = False
        """Whether no other hook hears of a step after ours."""
        self._hearing: Hearing | None = None
        """Who hears of passes that add to the last step."""
        self.beside = set[int]()
        """What the script's own lines have moved beside what is watched, by identity."""
        self.is_refused = False
        """Whether no run could be made."""
        self.others = 0
        """How many optimizers have stepped that move nothing of what is watched."""

    @property
    def loop(self) -> Loop | None:
        """The loop of the newest training."""
        return None if self._training is None else self._training.loop

    @property
    def is_in_children(self) -> bool:
        """Whether processes that were forked off train, each in a run of its own."""
        return bool(self._is_in_children[0])

    def __enter__(self) -> ScriptWatch:
        self._hooks: list[Any] = [
            register_optimizer_step_pre_hook(self._before_step),
            register_optimizer_step_post_hook(self._after_step),
            Backwards(self._before_backward, self._after_backward),
        ]
        self._stand_in(Optimizer, "__init__", self._noting)
        # Of one that is copied or unpickled, that is all that is called.
        self._stand_in(Optimizer, "__setstate__", self._noting)
        self._stand_in(torch.amp.GradScaler, "scale", self._remembering)
        self._stand_in(torch.amp.GradScaler, "step", self._spending)
        return self

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        for hook in self._hooks:
            hook.remove()
        for owner, name, original in reversed(self._put_back):
            setattr(owner, name, original)
        self._end(error)

    def _end(self, error: BaseException | None = None) -> None:
        """End the run of what was trained, if there is one, and hold nothing of it."""
        if self._hearing is not None:
            self._hearing.remove()
            self._hearing = None
        if self.loop is not None:
            self.loop.close(error)

    def _stand_in(self, owner: Any, name: str, make: Any) -> None:
        original = getattr(owner, name)
        self._put_back.append((owner, name, original))
        setattr(owner, name, make(original))

    def _noting(self, original: Any) -> Any:
        @wraps(original)
        def initialise(optimizer: Optimizer, *args: Any, **kwargs: Any) -> None:
            original(optimizer, *args, **kwargs)
            self._note(optimizer)

        return initialise

    def _note(self, optimizer: Optimizer) -> None:
        """Keep in mind an optimizer that is made, unless it is one of what is trained now."""
        self._made = [each for each in self._made if each() is not None]
        if any(each() is optimizer for each in self._made):
            return
        if self._training is None or not self._training.follow(optimizer):
            self._made.append(weakref.ref(optimizer))
            if self._training is not None and not self._is_last:
                # What hears of a step last may have others hear of the next, and none meanwhile.
                self._hooks[0].remove()
                self._hooks[0] = register_optimizer_step_pre_hook(self._before_step)
                self._is_last = True

    def _before_backward(self, tensors: Sequence[Tensor]) -> None:
        # Before it, for what clips gradients comes before the first step.
        self._losses.begin_pass()
        self._here.passes += 1
        if self._looks:
            self._look(tensors)
        if self._training is not None and self._training.is_by_hand:
            # A pass that was no step, and added to none, was of something else.
            self._losses.coming = None
        if self._training is None or (self._made and self._is_over()):
            self._begin()
        self._losses.add(tensors, within_step=self._here.within is not None)

    def _after_backward(self) -> None:
        self._losses.end_pass()
        if self._looks:
            self._here.moved.done()

    @property
    def _looks(self) -> bool:
        """Whether what is computed may be moved by the script's own lines, and be in no run yet."""
        if self.is_refused or any(each() is not None for each in self._made):
            return False
        training = self._training
        # With an optimizer, where more passes were without a step than ever between two of them.
        return training is None or training.is_by_hand or self._here.passes > self._here.most

    def _look(self, tensors: Sequence[Tensor]) -> None:
        """Look at what the script has moved by now, and at what the pass to come is of."""
        training = self._training
        known = {id(each) for one in [*self._others] for each in parameters_of(one)}
        known |= {id(each) for each in training.loop.watched.tensors} if training else set()
        if trained := self._here.moved.trained(tensors, known):
            if training is None or self._is_let_go(training):
                return self._begin_by_hand(trained, tensors)
            self.beside |= {id(each) for each in trained}
        is_cleared = self._here.moved.add(tensors, known)
        if is_cleared and (training is None or training.is_by_hand):
            # What was computed before is of no step, as of a loss that is only looked at.
            self._losses.coming = None
        return None

    def _begin_by_hand(self, trained: Sequence[Tensor], tensors: Sequence[Tensor]) -> None:
        """Begin to watch what the script has moved since its last backward pass, without an
        optimizer; what that was for is the first step.

        Args:
            trained: What is moved.
            tensors: What the pass to come is called on.
        """
        first, former = self._losses.coming, self._training
        by_hand = HandWritten(named_here(trained), has_begun=True)
        self._begin()
        if self._training is former:
            self.beside |= {id(each) for each in trained}
            return
        self._losses.coming = first
        with self._here.moved.last_gradients() as are_kept:
            if are_kept:
                by_hand.step()
        self._here.moved = Moved()
        self._hearing = Hearing(by_hand, lambda: None, self._add_to_step)
        by_hand.hear(self._hearing)
        by_hand.before(tensors)

    def _add_to_step(self) -> None:
        """Have the loss be one of the step that was taken: its gradients are added up."""
        if self._training is not None and (loss := self._losses.take_more()) is not None:
            self._training.loop.log_step({"loss": loss}, taken=True)

    def _remembering(self, original: Any) -> Any:
        @wraps(original)
        def scale(scaler: Any, outputs: Any) -> Any:
            scaled = original(scaler, outputs)
            self._losses.know(scaled, outputs)
            return scaled

        return scale

    def _spending(self, original: Any) -> Any:
        @wraps(original)
        def step(scaler: Any, *args: Any, **kwargs: Any) -> Any:
            result = original(scaler, *args, **kwargs)
            # Also where the step was left out.
            self._losses.coming = None
            return result

        return step

    def _before_step(self, optimizer: Optimizer, args: Any, kwargs: Any) -> None:
        if is_dynamo_compiling():
            return
        is_first = self._training is None
        if is_first:
            # One that brings its own way to be made was never heard of.
            self._note(optimizer)
        # With a closure nothing was heard of it but that it was made.
        is_new = self._is_last and any(each() is optimizer for each in self._made)
        if is_first or (is_new and self._is_over()):
            self._begin()
        # The same one again where its last step came to no end.
        if self._here.within in (None, optimizer):
            self._here.within = optimizer
            self._say_loss(optimizer, taken=False)

    def _after_step(self, optimizer: Optimizer, args: Any, kwargs: Any) -> None:
        if not is_dynamo_compiling() and self._here.within is optimizer:
            self._here.within = None
            # With a closure it is computed within the step.
            self._say_loss(optimizer, taken=True)

    def _say_loss(self, optimizer: Optimizer, *, taken: bool) -> None:
        if self._training is None:
            return
        if self._here.passes:
            self._here.most, self._here.passes = max(self._here.most, self._here.passes), 0
            if not self._training.is_by_hand:
                self._here.moved.clear()
        if not (place := self._training.step(optimizer)):
            self._leave(optimizer)
        elif (loss := self._losses.take()) is not None:
            # Optimizers that step within one backward pass step for the same loss.
            name = "loss" if place == 1 or is_within_backward() else f"loss_{place}"
            taken = taken or self._training.loop.joins(optimizer)
            self._training.loop.log_step({name: loss}, taken=taken)

    def _leave(self, optimizer: Optimizer) -> None:
        """Know an optimizer that steps as one that is in no run, from its first step on."""
        if optimizer not in self._others:
            self._others.add(optimizer)
            self.others += 1
            self._made = [each for each in self._made if each() is not optimizer]

    def _is_over(self) -> bool:
        """Whether the training can take no other step, and what was made since is another."""
        training = self._training
        if training is None or not any(each() is not None for each in self._made):
            return False
        return self._is_let_go(training)

    def _is_let_go(self, training: ScriptTraining) -> bool:
        # What holds itself in a circle is let go of where Python looks for such.
        return training.is_let_go() or self._collecting.helps(training.is_let_go)

    def _begin(self) -> None:
        """Begin to watch, if the script has made by now what it trains with."""
        # Several threads may train, each something of its own.
        with self._beginning:
            there = (each() for each in self._made)
            optimizers = [*_apart(each for each in there if each is not None)]
            if self.is_refused or not optimizers:
                return
            if self._training is not None and not self._is_over():
                return
            wanted = [id(each) for one in optimizers for each in parameters_of(one)]
            # By type: to ask an object for its class may wake what is deprecated, or load it.
            modules = [each for each in gc.get_objects() if issubclass(type(each), nn.Module)]
            model = named_together(modules, wanted)
            if self._training is not None:
                is_of_module = self._training.loop.watched.module is not None
                if model is None and (is_of_module or not _are_by_hand(optimizers)):
                    # As of pictures that are changed until a network takes them for others.
                    self._made.clear()
                    return
                self._end()
            self._made.clear()
            self._losses.coming, self._is_last = None, False
            self._count += 1
            options = dict(self._options)
            if self._count > 1 and "name" in options:
                options["name"] = f"{options['name']}-{self._count}"
            self._is_in_children[0] |= os.getpid() != self._pid
            try:
                self._training = ScriptTraining(model, optimizers, **options)
                _tell(self._training.loop)
            except EpochalError as error:
                # The script's work is worth more than its record.
                self.is_refused = True
                told = f"epochal: {plain(str(error))}; the script goes on unwatched"
                print(told, file=sys.stderr)


def _tell(loop: Loop) -> None:
    """Say where a training is recorded, where nobody takes it for what the script says."""
    # Of several processes one records. What the script says goes elsewhere where nobody listens.
    if loop.path != os.devnull and sys.stderr is not None:
        name = plain(Path(loop.path).name)
        with contextlib.suppress(OSError, ValueError):
            print(f"epochal: recorded as {name}; epochal attach {name}", file=sys.stderr)


def _are_by_hand(optimizers: Iterable[Optimizer]) -> bool:
    return all(isinstance(each, HandWritten) for each in optimizers)


def _apart(optimizers: Iterable[Optimizer]) -> Iterator[Optimizer]:
    """Yield the optimizers that move what none before them moves."""
    moved: set[int] = set()
    for each in optimizers:
        own = {id(parameter) for parameter in parameters_of(each)}
        if own and not own & moved:
            moved |= own
            yield each


def named_together(modules: Sequence[nn.Module], wanted: Sequence[int]) -> nn.Module | None:
    """Return the module that names parameters: the one that holds them, or several as one, in the
    order in which their optimizers have what is theirs.
    """
    places = {each: place for place, each in enumerate(wanted)}
    inner = {id(below) for each in modules for below in each.modules() if below is not each}
    outer = (each for each in modules if id(each) not in inner)
    own = ((each, [places.get(id(one)) for one in each.parameters()]) for each in outer)
    there = [(each, [at for at in own_places if at is not None]) for each, own_places in own]
    roots = [each for each, at in sorted(there, key=lambda pair: min(pair[1], default=0)) if at]
    if len(roots) < 2:
        return roots[0] if roots else None
    names = [type(unwrapped(each)).__name__ for each in roots]
    together = nn.Module()
    for place, (name, root) in enumerate(zip(names, roots, strict=True)):
        together.add_module(name if names.count(name) == 1 else f"{name}{place + 1}", root)
    return together


def run_script(what: str, arguments: Sequence[str], *, module: bool, **options: Any) -> int:
    """Run a script as Python would, and watch what trains in it.

    Args:
        what: Its path, or with ``module`` the name of a module.
        arguments: What it finds behind its own name in ``sys.argv``.
        module: Whether it is run as ``python -m`` runs it.
        options: What ``watch`` is told.

    Returns:
        Its exit status.

    Raises:
        RequestError: There is no such script.
    """
    path = Path(what)
    if not module and not path.is_file():
        raise RequestError(f"{what}: there is no such script")
    options["name"] = options.get("name") or (what.rpartition(".")[2] if module else path.stem)
    options["files"] = [] if module else [_identity(path)]
    sys.argv = [what, *arguments]
    place = str(Path.cwd()) if module else str(path.resolve().parent)
    # Under -P nothing stands in front of the path that was not asked for.
    sys.path[: not sys.flags.safe_path] = [place]
    with ScriptWatch(**options) as watched:
        try:
            if module:
                _LEFT.append(runpy.run_module(what, run_name="__main__", alter_sys=True))
            else:
                _LEFT.append(runpy.run_path(what, run_name="__main__"))
        except BaseException as error:
            _LEFT.append(names_in(error, globals()))
            if not isinstance(error, Stopped):
                raise
            # The end that was asked for.
            return 0
        finally:
            if watched.loop is None and not (watched.is_refused or watched.is_in_children):
                # What an error ended says that itself.
                if not isinstance(sys.exception(), Exception):
                    print(f"epochal: {NOTHING}", file=sys.stderr)
            elif watched.others or watched.beside:
                counts = ((watched.others, "optimizer"), (len(watched.beside), "tensor"))
                more = " and ".join(counted(*each) for each in counts if each[0])
                print(f"epochal: {BESIDE} ({more} more)", file=sys.stderr)
            elif watched.loop is not None and not watched.loop.step:
                print(f"epochal: {NO_STEP}", file=sys.stderr)
    return 0


def _identity(path: Path) -> Mapping[str, Any]:
    """Return a script's name, size and hash: what it is told besides may hold what is secret."""
    text = read_file(path, MOST_BYTES)
    return {"name": path.name, "size": len(text), "sha256": hashlib.sha256(text).hexdigest()}
