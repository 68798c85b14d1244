"""What begins to watch a loop: its run is made, its header written, its hooks set."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import torch
from torch import nn
from torch.optim import Optimizer

from ..errors import RequestError
from ..recording.events import FORMAT, Header
from ..runs.folder import runs_dir
from ..runs.meter import Meter
from ..runs.processes import Processes
from ..training.gpu import gpu_beside
from ..training.machine import device_name, versions
from .loop import Loop
from .parameters import WatchedParameters, watched
from .ranks import NoWriter, Ranks
from .units import Units
from .writing import LoopWriter, new_run


def watch(
    model: nn.Module | None,
    optimizer: Optimizer | Sequence[Optimizer],
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
        optimizer: What trains it, or several, as of a generator and its discriminator.
        name: What the run is called; the script's name where left out.
        runs: Where runs are kept: ``$EPOCHAL_RUNS``, else ``runs`` in this directory.
        control: Whether viewers may pause, step and stop the loop and set its rate.
        stop: What a stop does to a loop that does not read ``run.should_stop``: ``"raise"`` ends it
            by ``Stopped`` from within an optimizer step, ``"flag"`` leaves it alone.
        files: Name, size and SHA-256 of files that the run is of, for its record.

    Raises:
        RequestError: There is nothing to watch.
        RunError: No run can be made there.
    """
    optimizers = [optimizer] if isinstance(optimizer, Optimizer) else [*optimizer]
    if not optimizers:
        raise RequestError("watch: needs an optimizer; its steps are what is watched")
    if stop not in ("raise", "flag"):
        raise RequestError(f"watch: stop must be 'raise' or 'flag' (got {stop!r})")
    parameters = watched(model, optimizers)
    ranks = Ranks.here()
    units = Units(model, zip(parameters.tensors, parameters.names, strict=True))
    if ranks is not None and ranks.rank:
        return Loop(
            parameters, optimizers, NoWriter(), units, control=control, stop=stop, ranks=ranks
        )
    folder = new_run(name or Path(sys.argv[0] or "loop").stem, Path(runs) if runs else runs_dir())
    header = _header(folder.name, parameters, files)
    writer = LoopWriter(folder, header, meter=Meter(gpu_beside(torch.device(header.device))))
    return Loop(parameters, optimizers, writer, units, control=control, stop=stop, ranks=ranks)


def _header(run: str, parameters: WatchedParameters, files: Sequence[Mapping[str, Any]]) -> Header:
    shapes = {
        name: list(each.shape)
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
