"""The gradient of an update as numbers, a layer after the other; PyTorch computes it.

Where the lab shows how the first numbers of a small network's gradient come about, taken apart in
a process of its own, this has the numbers themselves, of any layer.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from rich.text import Text

from ..drawing.base.frame import words
from ..drawing.base.matrix import draw_layer, gather
from ..style.numbers import count, figure
from ..style.text import Lines
from .gallery import Surface, stacked

if TYPE_CHECKING:
    from engine.inspection.recorded_gradient import RecordedGradient

    from ..drawing.network.material import Material

PILES_UP = "Gradients are never cleared in this run: it used these and all before them."


def compute_gradient(material: Material, step: int) -> RecordedGradient:
    """Return the gradient of an update, or of the last one before it whose weights were kept.

    Raises:
        EpochalError: The recording has no weights there, or only its own code computes it.
    """
    from engine.inspection.recorded_gradient import gradient_of

    assert material.folder is not None
    return gradient_of(material.folder, step, material.member, allow_code=material.allow_code)


def draw_gradient(material: Material, step: int, surface: Surface) -> Lines:
    """Return the gradient of an update: small layers whole, of larger ones the ends.

    Raises:
        EpochalError: There is none.
    """
    from ..drawing.network.material import RecordedNetwork

    gradient = compute_gradient(material, step)
    before = f"gradient of step {count(gradient.step)}, by the weights of step "
    whose = f"{before}{count(gradient.step - 1)}"
    facts = (whose, *material.member_wordings[:1], f"loss {figure(gradient.loss)}")
    # A gradient has the layers and the shapes of its weights, and is laid out as they are.
    values = RecordedNetwork(material, gradient.step, step, gradient.values)
    layers = [replace(each, facts=facts) for each in gather(values, surface.layer)]
    height = surface.height - 2 * gradient.piles_up
    lines = stacked(layers, draw_layer, replace(surface, height=height))
    if not any(np.any(each) for each in gradient.values.values()):
        lines.append(words("every gradient is 0: nothing is learned", surface.width, surface.look))
    if gradient.piles_up:
        lines += [Text(end=""), words(PILES_UP, surface.width, surface.look, "warning")]
    return lines
