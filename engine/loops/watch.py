"""What begins to watch a loop: its run is made, its header written, its hooks set."""

from __future__ import annotations

import atexit
import os
import sys
import time
import weakref
from collections.abc import Iterable, Mapping, Sequence
from multiprocessing import parent_process
from multiprocessing.util import Finalize
from pathlib import Path
from typing import Any, Final, Literal

import torch
from torch import nn
from torch.nn.parameter import is_lazy
from torch.optim import Optimizer

from ..errors import RequestError
from ..gradients.leaned_on import flat_parts
from ..recording.events import FORMAT, Header
from ..runs.folder import runs_dir
from ..runs.meter import Meter
from ..runs.processes import Processes
from ..training.gpu import gpu_beside
from ..training.machine import device_name, versions
from .by_hand import by_hand
from .children import failure, heed
from .loop import Loop
from .parameters import WatchedParameters, watched
from .ranks import NoWriter, Ranks
from .units import Units
from .writing import LoopWriter, new_run


def watch(
    model: nn.Module | None,
    optimizer: Optimizer | Sequence[Optimizer] | None = None,
    *,
    name: str = "",
    runs: str | os.PathLike[str] | None = None,
    control: bool = True,
    stop: Literal["raise", "flag"] = "raise",
    files: Sequence[Mapping[str, Any]] = (),
) -> Loop:
    """Watch a training loop: ``with epochal.watch(model, optimizer) as run: …``.

    Every optimizer step becomes a row of a recording: its loss and whatever else ``run.log`` is
    told, the rate, the norm of every parameter's gradient, and at some steps the norms of weights
    and of their updates. ``epochal attach``, ``epochal runs`` and ``epochal replay`` show it, live
    and later. Viewers can pause the loop, take one step, stop it, set its rate and mark a step.

    Args:
        model: What is trained; it names the parameters. None where there is no module.
        optimizer: What trains it, or several, as of a generator and its discriminator. None where
            the loop writes its update out: each backward pass is a step then, or several whose
            gradients are added up before anything is moved.
        name: What the run is called; the script's name where left out.
        runs: Where runs are kept: ``$EPOCHAL_RUNS``, else ``runs`` in this directory.
        control: Whether viewers may pause, step and stop the loop and set its rate.
        stop: What a stop does to a loop that does not read ``run.should_stop``: ``"raise"`` ends it
            by ``Stopped`` from within an optimizer step, ``"flag"`` leaves it alone.
        files: Name, size and SHA-256 of files that the run is of, for its record.

    Raises:
        RequestError: There is nothing to watch, or nothing yet.
        RunError: No run can be made there.
    """
    optimizers = None if optimizer is None else _optimizers(optimizer)
    if model is not None and not isinstance(model, nn.Module):
        raise RequestError(
            f"watch: the model must be a torch.nn.Module, or None (got {type(model).__name__})"
        )
    if stop not in ("raise", "flag"):
        raise RequestError(f"watch: stop must be 'raise' or 'flag' (got {stop!r})")
    if optimizers is None:
        optimizers = [by_hand(model)]
    _end_loose(optimizers)
    parameters = watched(model, optimizers)
    _refuse_empty(parameters)
    ranks = Ranks.here()
    units = Units(model, parameters.layers)
    if ranks is not None and ranks.rank:
        loop = Loop(
            parameters, optimizers, NoWriter(), units, control=control, stop=stop, ranks=ranks
        )
        return _begun(loop, optimizers)
    folder = new_run(
        str(name) or Path(sys.argv[0] or "loop").stem, Path(runs) if runs else runs_dir()
    )
    header = _header(folder.name, parameters, files)
    writer = LoopWriter(folder, header, meter=Meter(gpu_beside(torch.device(header.device))))
    loop = Loop(parameters, optimizers, writer, units, control=control, stop=stop, ranks=ranks)
    return _begun(loop, optimizers)


def _optimizers(given: Any) -> list[Optimizer]:
    """Return the optimizers that are given, each once.

    Raises:
        RequestError: There are none, or something is none.
    """
    several = [*given] if isinstance(given, Iterable) else [given]
    if not several:
        raise RequestError("watch: needs an optimizer; its steps are what is watched")
    for each in several:
        if not isinstance(each, Optimizer):
            raise RequestError(
                "watch: wants the model first, then its optimizer or a list of optimizers "
                f"(got {type(each).__name__} in place of one)"
            )
    return list(dict.fromkeys(map(_unwrapped, several)))


def _refuse_empty(parameters: WatchedParameters) -> None:
    """Refuse parameters that are none yet.

    Raises:
        RequestError: There is one.
    """
    for name, each in zip(parameters.names, parameters.tensors, strict=True):
        if is_lazy(each):
            how = "its module finds its size in the first forward pass: call the model once before"
        elif each.is_meta:
            how = "it is on the meta device: give the model memory before, as by to_empty()"
        else:
            continue
        raise RequestError(f"watch: the parameter {name} has no numbers yet; {how}")


def _unwrapped(optimizer: Optimizer) -> Optimizer:
    """Return the optimizer that another only wraps, as Accelerate's and Lightning Fabric's do."""
    while isinstance(inner := getattr(optimizer, "optimizer", None), Optimizer):
        optimizer = inner
    return optimizer


_LOOSE: Final = weakref.WeakKeyDictionary[Optimizer, weakref.ref[Loop]]()
"""The loop that watches an optimizer, of which a ``with`` may or may not say when it ends."""


def _begun(loop: Loop, optimizers: Sequence[Optimizer]) -> Loop:
    """Have a loop watched from now on, and ended with the program where nothing else ends it."""
    loop.attach()
    for each in optimizers:
        _LOOSE[each] = weakref.ref(loop)
    atexit.register(_end, weakref.ref(loop))
    if parent_process() is not None:
        # One of multiprocessing's ends without asking atexit.
        Finalize(None, _end, (weakref.ref(loop),), exitpriority=0)
        heed()
    return loop


def _end_loose(optimizers: Sequence[Optimizer]) -> None:
    """End the loops of these optimizers that nothing else would, as a cell's that is run again."""
    for each in optimizers:
        before = _LOOSE[each]() if each in _LOOSE else None
        if before is not None and before.step and not before.is_within:
            before.close()


def _end(loop: weakref.ref[Loop]) -> None:
    if (left := loop()) is not None:
        # At a prompt the last error was some line's, and not the program's.
        asked = hasattr(sys, "ps1") or "IPython" in sys.modules
        left.close(failure() or (None if asked else getattr(sys, "last_value", None)))


def _header(run: str, parameters: WatchedParameters, files: Sequence[Mapping[str, Any]]) -> Header:
    flat = flat_parts()
    shapes = {
        name: list(flat[id(each)].shape if id(each) in flat else each.shape)
        for name, each in zip(parameters.names, parameters.tensors, strict=True)
    }
    device = parameters.tensors[0].device if parameters.tensors else torch.device("cpu")
    about: dict[str, Any] = vars(Processes().of(os.getpid()))
    return Header(
        run=run,
        format=FORMAT,
        origin="watch",
        experiment={},
        seeds=[0],
        parameters=shapes,
        columns={},
        gradients="",
        device=str(device),
        device_name=device_name(device),
        threads=torch.get_num_threads(),
        capability=torch.backends.cpu.get_cpu_capability(),
        versions=versions(),
        time=time.time(),
        files=[*files],
        **about,
    )
