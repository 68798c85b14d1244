"""The data: each kind a table of a preset, with the function that draws it.

Everything here is numpy, so that a viewer can draw the points without torch. To add a kind, add a
file with its class: how its rows are drawn, what they are called, how far pictures of them go, and
the program that draws the same. A class that leaves out a part fails on import.

    plane, plane_boundary   points of the plane in two classes: shapes, and sides of a curve
    function                functions of x
    table                   rows in the preset itself
    sum                     sums, drawn afresh for every step
    file                    a file of one's own, read by ``sheet``
    bundled                 the sets that come with scikit-learn
    pictures                a folder or an archive of pictures, read by ``picture_files``
"""

from __future__ import annotations

from .base import DataBase, Dataset, Examples
from .kinds import KINDS, Data, anchored, as_recorded
from .loading import load
from .scaling import Scaling

__all__ = [
    "KINDS",
    "Data",
    "DataBase",
    "Dataset",
    "Examples",
    "Scaling",
    "anchored",
    "as_recorded",
    "load",
]
