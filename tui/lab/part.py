"""What the parts of the lab know of its screen: what is shown now, and how to show it anew.

    keys, messages of panes ──► parts ──► view ──► panes
                                 ▲ └──► requests, runs
                                 └── recordings

A part holds a state and the commands that change it, ``action_<name>`` each; one that takes a
while, because it asks somebody, is a coroutine. Parts know those below them: ``messages``,
``setup`` and ``reading``, then ``panes``, ``replay`` and ``pacing``, then ``runs``, then
``steering``, ``lecturing`` and ``sharing``.
"""

from __future__ import annotations

from typing import Any, Protocol

from textual.app import App

from ..commands.command import Need, Situation
from ..style.look import Look
from ..watching.view import View
from .opening import Opening


class LabScreen(Protocol):
    """The screen, as its parts see it; what one of them alone needs it adds for itself."""

    opening: Opening
    view: View
    look: Look

    @property
    def app(self) -> App[Any]:
        """The application, which asks questions."""

    @property
    def run_situation(self) -> Situation:
        """How it stands with the run that is shown, whatever takes the keys."""

    def has(self, need: Need) -> bool:
        """Whether what some commands need is there."""

    def show_now(self) -> None:
        """Bring the view up to date."""

    def wake(self) -> None:
        """Read what is new and show it, now and from now on."""
