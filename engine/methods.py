"""The ways of getting gradients, by the names they have in a preset."""

from __future__ import annotations

from engine.autograd import Autograd
from engine.method import Method, Trainee


def make_method(trainee: Trainee) -> Method:
    """Return the way of getting gradients that an experiment asks for."""
    return Autograd(trainee)
