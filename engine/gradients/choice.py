"""The ways of getting gradients, by the names they have in a preset, and which one ``auto`` is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from ..errors import EpochalError
from ..experiment.experiment import Experiment, Members
from .autograd import Autograd
from .compiled.library import why_none
from .compiled.method import Compiled
from .compiled.method import lacking as compiled_lacking
from .manual.method import Manual, lacking
from .method import Method, Workload
from .numeric import Numeric

METHODS: Final[Mapping[str, Callable[[Workload], Method]]] = {
    "manual": Manual,
    "autograd": Autograd,
    "numeric": Numeric,
}
"""What makes a method, by its name in ``train.gradients``; ``auto`` is one of the others."""


@dataclass(frozen=True)
class MethodChoice:
    """How an experiment is trained here, decided before its first step."""

    method: str
    """What gives the gradients."""
    way: str
    """How its steps are played: ``compiled``, or as ``operations``."""
    why: str = ""
    """Why neither is the fastest there is, as the end of a sentence; nothing where both are."""
    limit: str = ""
    """Why operations are the fastest here, where compiled steps could not play it."""


def choose(members: Members, *, cuda: bool = False, way: str = "") -> MethodChoice:
    """Return how an experiment is trained here.

    Args:
        members: What each member is.
        cuda: Whether on CUDA.
        way: How its steps are to be played, if that is possible here; empty for the fastest.
    """
    asked = members[0].train.gradients
    if asked not in ("auto", "manual"):
        return MethodChoice(asked, "operations", limit="it is what the preset asks for")
    if asked == "auto" and (lacks := lacking(members[0])):
        return MethodChoice("autograd", "operations", f"there is no formula for {lacks}")
    limit, why = _why_operations(members[0], cuda), ""
    if not limit and way != "operations":
        real = "double" if members[0].train.dtype == "float64" else "float"
        if not (why := why_none(real)):
            return MethodChoice("manual", "compiled")
        why = f"operation by operation, as {why}"
    if asked == "auto" and len(members) == 1 and _starts_equal(members[0]):
        # As operations products sum a unit in another order than its neighbour.
        why = "its units start equal, and it keeps them equal to the last bit"
        return MethodChoice("autograd", "operations", why)
    return MethodChoice("manual", "operations", why, limit)


def _why_operations(experiment: Experiment, cuda: bool) -> str:
    """Return why operations are the fastest for an experiment; nothing where they are not."""
    return "on CUDA they are captured as graphs" if cuda else compiled_lacking(experiment)


def make_method(workload: Workload, threads: int = 1, way: str = "") -> tuple[Method, MethodChoice]:
    """Return the way of getting gradients that an experiment asks for, and how it was chosen.

    Args:
        workload: What to train, and on what.
        threads: CPU threads that share its members.
        way: How its steps are to be played, if that is possible here; empty for the fastest.

    Raises:
        EpochalError: It asks for formulas, and something in it has none.
    """
    # "manual" is a promise and refused where it cannot be kept; "auto" is what works, and the
    # header says why it is not the formulas.
    asked = workload.experiment.train.gradients
    if asked == "manual" and (lacks := lacking(workload.experiment)):
        remedy = "set 'auto', which takes autograd here"
        raise EpochalError(f"train.gradients: 'manual' has no formula for {lacks}; {remedy}")
    choice = choose(workload.members, cuda=workload.weights.is_cuda, way=way)
    if choice.way == "compiled":
        return Compiled(workload, threads), choice
    return METHODS[choice.method](workload), choice


def _starts_equal(experiment: Experiment) -> bool:
    """Return whether the units of some hidden layer start with the same weights.

    They must then stay the same, which is what such an experiment shows. A product over features
    that come first computes a sum for one unit in another order than for its neighbour where
    the matrix has a single column: they would part in their last bit, and then further.
    """
    inits = [layer.weight for layer in experiment.model.inits[:-1]]
    return not all(each.draws for each in inits)
