"""Ten rows that no step ever saw, and what the network says of them: the table of a run's test.

The digits are those that ``epochal run`` prints at its end, and the printed program too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from engine.results.unseen_rows import inputs_that_fit, table, unseen_rows

from ...style.look import Look
from ...style.text import Lines
from ..base.frame import cropped, headline, words

if TYPE_CHECKING:
    from .material import RecordedNetwork

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class UnseenTest:
    """Rows, and what the network says of them."""

    input_names: tuple[str, ...]
    inputs: Floats
    """[rows, features]."""
    outputs: Floats
    """[rows, outputs]."""
    targets: Floats
    """[rows, outputs]."""
    facts: tuple[str, ...] = ()
    """Whose weights they are."""


def gather(network: RecordedNetwork) -> UnseenTest:
    """Return what a network that learned from fresh rows says of ten that it never saw."""
    material = network.material
    rows = unseen_rows(material.experiment.data, material.header.seeds[material.member])
    said = network.outputs(material.scaled_inputs(rows.inputs))
    return UnseenTest(
        input_names=tuple(material.input_names),
        inputs=rows.inputs.astype(np.float64),
        outputs=material.scaling.to_original(said),
        targets=rows.targets.astype(np.float64),
        facts=network.facts,
    )


def draw_tests(test: UnseenTest, width: int, height: int, look: Look) -> Lines:
    """Return the table under a line that says what it is; where it is narrow, of fewer inputs.

    Args:
        test: What to show.
        width: Cells, at least 0.
        height: Lines at most, at least 0.
        look: What to draw with.
    """
    title = f"{len(test.inputs)} new rows"
    shown = inputs_that_fit(width)
    head, *rows = table(test.input_names, test.inputs, test.outputs, test.targets, shown)
    lines = [
        headline(title, list(test.facts), width, look),
        words(head, width, look, "muted"),
        *(words(row, width, look, "text") for row in rows),
    ]
    return cropped(lines, width, height)
