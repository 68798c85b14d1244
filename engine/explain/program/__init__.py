"""The same experiment as a plain PyTorch program, in the three ways people write one.

    module        a class with named layers and a ``forward``
    sequential    ``nn.Sequential`` with the layers inside
    add_module    an empty ``nn.Sequential``, filled layer by layer

The program needs torch and numpy and nothing else. It draws its data, its first weights and its
order of rows from the same streams of random numbers, so its losses begin as the engine's do, up to
the rounding of sums; how far they stay so is the training's affair, and its docstring says so. Here
it is only text: nothing is imported and nothing is run.
"""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, get_args

from ...errors import EpochalError
from ...experiment.changes import about_of
from ...figures.figures import spoken
from ...randomness import Purpose
from ...text.safe import plain
from ...text.source_code import WIDTH, joined
from .data import data_blocks
from .network import STYLES, Style, initialisation, network_block
from .training import loop, measures, preparation, result

if TYPE_CHECKING:
    from ...experiment.experiment import Experiment

__all__ = ["STYLES", "Style", "assembled", "program"]


def program(experiment: Experiment, style: Style = "module", name: str = "") -> str:
    """Return the program.

    Args:
        experiment: What it is to do.
        style: How the network is written.
        name: The preset's name, for its first lines.

    Raises:
        EpochalError: Its data or its network cannot be written in a few lines.
    """
    if experiment.model.kind == "python":
        raise EpochalError(f"model.module: {experiment.model.module} is a PyTorch program already")
    blocks = [
        *data_blocks(experiment),
        network_block(experiment, style),
        *initialisation(experiment),
        *measures(experiment),
        *preparation(experiment),
        loop(experiment),
        result(experiment),
    ]
    header = f"as a plain PyTorch program: {_promise(experiment)}"
    return assembled(experiment, name, blocks, header)


def assembled(experiment: Experiment, name: str, blocks: Sequence[str], header: str) -> str:
    """Return a program of these blocks, with its docstring, its imports and its random numbers.

    Args:
        experiment: What it does.
        name: The preset's name, for its first lines.
        blocks: What it is made of.
        header: What it is, for its first lines.
    """
    imported, bare = list[str](), list[str]()
    for block in blocks:
        head, _, rest = block.partition("\n\n\n")
        begins = head.startswith(("import ", "from "))
        imported += head.split("\n") if begins else []
        bare += [rest if begins else block] if block else []
    body = joined(bare)
    opening = _head(experiment, body, imported)
    return joined([_docstring(experiment, name, header), *opening, body]) + "\n"


def _head(experiment: Experiment, body: str, imported: list[str]) -> list[str]:
    used = [what.upper() for what in get_args(Purpose) if f"stream({what.upper()}" in body]
    numbers = [str(index) for index, what in enumerate(get_args(Purpose)) if what.upper() in used]
    blocks = [_imports(body, imported)]
    if used:
        blocks += [
            f"SEED = {experiment.train.seed}\n"
            f"{', '.join(used)} = {', '.join(numbers)}  # what random numbers are drawn for",
            "def stream(purpose, counter=0):\n"
            '    """Return the seed of one stream of random numbers.\n\n'
            "    Each purpose has streams of its own: drawing more for one changes no other.\n"
            '    """\n'
            "    return np.random.SeedSequence(SEED, spawn_key=(purpose, counter))",
        ]
    return blocks


def _imports(body: str, imported: list[str]) -> str:
    """Return the imports in their order: Python's own, then the others."""
    imported += ["import math"] if re.search(r"\bmath\.", body) else []
    imported += ["import hashlib"] if "hashlib." in body else []
    imported += ["from copy import deepcopy"] if "deepcopy(" in body else []
    imported += ["import numpy as np"] if "np." in body else []
    imported += ["import torch"] if "torch." in body else []
    imported += ["from torch import nn"] if re.search(r"\bnn\.", body) else []
    parts: tuple[list[str], list[str]] = [], []
    for line in sorted(imported, key=lambda line: (line.startswith("from "), line)):
        parts[line.split()[1].partition(".")[0] not in sys.stdlib_module_names].append(line)
    return "\n\n".join("\n".join(part) for part in parts if part)


def _promise(experiment: Experiment) -> str:
    """Return how far the program's losses are those of the engine."""
    same = "the same data, the same first weights and the same order of rows."
    if any(experiment.model.dropouts):
        return f"{same} Dropout draws otherwise, so the losses are alike and not the same."
    digits = "fourteen" if experiment.train.dtype == "float64" else "six"
    return (
        f"{same} Sums are added in another order, so the first loss agrees to some {digits} "
        "digits. From there on the training decides: where small differences die out the losses "
        "stay as close to the end, where they grow, as in a chaotic run, the losses part within "
        "a few steps, and only what both come to is alike."
    )


def _docstring(experiment: Experiment, name: str, header: str) -> str:
    paragraphs = [experiment.title or name or "An experiment"]
    if experiment.about.strip():
        paragraphs += spoken(about_of(experiment.origin, experiment.about)).split("\n\n")
    of = "An experiment of epochal"
    if name and experiment.origin is None:
        of = f"The preset {name} of epochal"
    paragraphs.append(f"{of} {header}")
    wrapped = [textwrap.fill(plain(" ".join(each.split())), WIDTH - 3) for each in paragraphs]
    # Nothing a preset says may end the text it stands in.
    safe = "\n\n".join(wrapped).replace("\\", "\\\\").replace('"""', "'''")
    return f'"""{safe}\n"""'
