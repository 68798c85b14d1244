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

from engine.components.section import named
from engine.data.base import DataBase, Dataset, Inputs, Part, Targets
from engine.data.bundled import Bundled
from engine.data.file import File, anchored
from engine.data.function import Function
from engine.data.loading import load
from engine.data.plane import Circles, Moons, Spirals, Xor
from engine.data.scaling import Scaling
from engine.data.sum import Sum
from engine.data.table import Table

__all__ = [
    "Bundled",
    "Circles",
    "Data",
    "DataBase",
    "Dataset",
    "File",
    "Function",
    "Inputs",
    "Moons",
    "Part",
    "Scaling",
    "Spirals",
    "Sum",
    "Table",
    "Targets",
    "Xor",
    "anchored",
    "load",
]

Data = Annotated[
    Moons | Circles | Spirals | Xor | Function | Table | Sum | File | Bundled,
    Field(discriminator="kind"),
    BeforeValidator(named("moons", "kind")),
]
"""A data table, told apart by ``kind``."""
