"""The data: each kind a table of a preset, with the function that draws it.

Everything here is numpy, so that a viewer can draw the points without torch. To add a kind, add
its class to a file of its family and to ``Data``.

    plane        points of the plane in two classes: moons, circles, spirals, xor
    function     functions of x
    table        rows in the preset itself
    sum          sums, drawn afresh for every step
    file         a file of one's own, read by ``sheet``
    bundled      the sets that come with scikit-learn
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from ..components.section import named
from .base import DataBase, Dataset, Examples, Inputs, Targets
from .bundled import Bundled
from .file import File, anchored
from .function import Function
from .loading import load
from .plane import Circles, Moons, Spirals, Xor
from .scaling import Scaling
from .sum import Sum
from .table import InlineTable

__all__ = [
    "Bundled",
    "Circles",
    "Data",
    "DataBase",
    "Dataset",
    "Examples",
    "File",
    "Function",
    "InlineTable",
    "Inputs",
    "Moons",
    "Scaling",
    "Spirals",
    "Sum",
    "Targets",
    "Xor",
    "anchored",
    "load",
]

Data = Annotated[
    Moons | Circles | Spirals | Xor | Function | InlineTable | Sum | File | Bundled,
    Field(discriminator="kind"),
    BeforeValidator(named("moons", "kind")),
]
"""A data table, told apart by ``kind``."""
