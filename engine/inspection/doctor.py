"""What this machine has, and how it would train each preset."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass

import numpy as np
import torch

from .. import __version__
from ..errors import EpochalError
from ..experiment.members import members_of
from ..gradients.choice import choose
from ..gradients.compiled.building import find_compiler
from ..gradients.compiled.library import library, why_none
from ..presets import preset as presets
from ..text.safe import plain
from ..text.tables import aligned
from ..training.machine import device_name


@dataclass(frozen=True)
class PresetWay:
    """How a preset is trained here."""

    preset: str
    """Its name."""
    gradients: str
    """What gives its gradients; nothing where it cannot be loaded."""
    steps: str
    """How its steps are played."""
    why: str
    """Why not otherwise, or what is wrong with it."""


def machine() -> dict[str, str]:
    """Return what this machine has, by what it is called."""
    cuda = torch.cuda.is_available()
    columns, lines = shutil.get_terminal_size()
    compiler, why = find_compiler(), why_none()
    return {
        "epochal": f"{__version__}, Python {platform.python_version()}, torch {torch.__version__}, "
        f"numpy {np.__version__}",
        "processor": f"{device_name(torch.device('cpu'))}, vectors of "
        f"{torch.backends.cpu.get_cpu_capability()}",
        "compiler": " ".join(compiler.command) if compiler else "none",
        "compiled steps": why or f"work, from {library()._name}",
        "threads": f"{os.cpu_count()} cores, of which this process may use {_usable()}; PyTorch's "
        f"operations take {torch.get_num_threads()}",
        "CUDA": torch.cuda.get_device_name() if cuda else "none",
        "terminal": f"{os.environ.get('TERM', 'none')} {os.environ.get('COLORTERM', '')}".strip()
        + f", {columns}x{lines}, {sys.stdout.encoding}",
    }


def ways() -> Iterator[PresetWay]:
    """Yield how each preset is trained here, by name."""
    cuda = torch.cuda.is_available()
    for listing in presets.catalogue():
        try:
            choice = choose(
                [each.experiment for each in members_of(presets.load(listing.name).experiment)],
                cuda=cuda,
            )
        except EpochalError as error:
            yield PresetWay(listing.name, "", "", str(error))
        else:
            yield PresetWay(listing.name, choice.method, choice.way, choice.why or choice.limit)


def _usable() -> int:
    """Return on how many cores this process may be."""
    # macOS keeps no process to some cores.
    allowed = getattr(os, "sched_getaffinity", None)
    return len(allowed(0)) if allowed else os.cpu_count() or 1


def text(about: Mapping[str, str], presets_here: list[PresetWay]) -> str:
    """Return both in words."""
    rows = [("preset", "gradients by", "steps are", "because")]
    # Why there are no compiled steps is said once, above.
    why = about["compiled steps"]
    rows += [
        (each.preset, each.gradients, each.steps, plain(each.why.replace(why, "said above")))
        for each in presets_here
    ]
    return "\n".join([*aligned([*about.items()]), "", *aligned(rows)])


def plain_object(about: Mapping[str, str], presets_here: list[PresetWay]) -> dict[str, object]:
    """Return both for ``--json``."""
    return {**about, "presets": [asdict(each) for each in presets_here]}
