"""How a screen opens: whether it can, what it is drawn with, and what it leaves behind.

Textual is imported only where a screen opens, and after the environment has been settled: it
reads its variables while it is imported.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from engine.errors import EpochalError
from engine.options import Machine
from engine.text.streams import open_those_closed

if TYPE_CHECKING:
    from engine.worker.launch import Worker

    from .lab.opening import Choices, Opening
    from .style.look import Look

GlyphChoice = Literal["auto", "braille", "blocks", "ascii"]
GlyphSet = Annotated[
    GlyphChoice, typer.Option("--glyphs", help="What to draw with; ascii shows everywhere.")
]


@dataclass(frozen=True)
class Screen:
    """How the lab is shown on this terminal."""

    glyphs: GlyphSet = "auto"
    no_mouse: Annotated[
        bool, typer.Option("--no-mouse", help="Leave the mouse to the terminal; saves bytes.")
    ] = False


class NoScreenError(EpochalError):
    """There is no terminal in which a lab could open."""


def open_screen(
    screen: Screen, folder: Path, machine: Machine | None = None, **settings: object
) -> None:
    """Open the lab and run it until it is left.

    Args:
        screen: How it is shown.
        folder: The folder of runs.
        machine: What is trained on, where something may be.
        settings: What it opens with: fields of ``Opening``, and ``big``.

    Raises:
        NoScreenError: There is no terminal for it.
    """
    require_screen(os.environ)
    if machine is not None:
        settings |= {"device": machine.device, "allow_code": machine.allow_code}
    # Until the first frame there is nothing but modules and widgets, in which a collection finds no
    # garbage; the lab has collections begin again once it is shown.
    gc.disable()
    try:
        opening = make_opening(screen.glyphs, runs_dir=folder, **settings)  # type: ignore[arg-type]
        show_lab(opening, mouse=not screen.no_mouse)
    finally:
        gc.enable()


def require_screen(environment: Mapping[str, str]) -> None:
    """Refuse to open a lab where it could not be seen.

    Raises:
        NoScreenError: With the command that works here.
    """
    open_those_closed()
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise NoScreenError("the lab needs a terminal; without one: epochal run PRESET")
    if environment.get("TERM", "dumb") in ("", "dumb", "unknown"):
        raise NoScreenError(
            "this terminal cannot move its cursor (TERM=dumb); here: epochal run PRESET"
        )


def settle_environment(environment: MutableMapping[str, str]) -> None:
    """Tell Textual what to send; it asks once, while it is imported."""
    # Nothing moves that does not mean anything: each frame of an animation is bytes on a link.
    environment.setdefault("TEXTUAL_ANIMATIONS", "none")
    inside = environment.get("TMUX") or environment.get("STY")
    if inside and environment.get("TERM", "").startswith("screen"):
        # tmux and screen show 256 colours, their TERM promises 16.
        environment.setdefault("TEXTUAL_COLOR_SYSTEM", "256")


def make_opening(glyphs: GlyphChoice, *, big: bool = False, **settings: object) -> Opening:
    """Return what the lab opens with, on this terminal."""
    settle_environment(os.environ)
    from .lab.opening import Memory, Opening
    from .terminal.frame_clock import Clock

    memory = Memory.of_user()
    return Opening(
        look=replace(choose_look(glyphs, memory.choices, os.environ), big=big),
        clock=Clock.of(os.environ),
        memory=memory,
        start_worker=None if settings.get("read_only") else start_worker,
        **settings,  # type: ignore[arg-type]
    )


def choose_look(glyphs: GlyphChoice, choices: Choices, environment: Mapping[str, str]) -> Look:
    """Return what to draw with: what is asked for, else what was chosen last time, if it shows.

    Args:
        glyphs: What ``--glyphs`` says.
        choices: What the lab remembers.
        environment: Where the terminal is described.
    """
    from rich.console import Console

    from .style.glyphs import choose
    from .style.look import Look
    from .style.palette import DARK, SIXTEEN_DARK, palettes_like

    # Textual asks Rich in the same way, unless it is told.
    system = environment.get("TEXTUAL_COLOR_SYSTEM", "auto")
    few = Console(force_terminal=True, color_system=system).color_system == "standard"  # type: ignore[arg-type]
    usual = SIXTEEN_DARK if few else DARK
    palettes = {palette.name: palette for palette in palettes_like(usual)}
    palette = palettes.get(choices.palette, usual)
    if environment.get("NO_COLOR"):
        palette = palette.without_colours()
    fit = choose(glyphs, environment)
    if glyphs == "auto" and choices.glyphs and fit.name != "ascii":
        fit = choose(choices.glyphs, environment)
    return Look(fit, palette)


def start_worker() -> Worker:
    """Start a worker that gets ready and waits for a folder."""
    # What this imports is not needed for the first frame.
    from engine.worker.launch import Worker

    return Worker.start()


def show_lab(opening: Opening, *, mouse: bool) -> None:
    """Run the lab until it is left, then say what is to be said on a clean terminal."""
    from .app import LabApp

    lab = LabApp(opening)
    words = lab.run(mouse=mouse)
    if words:
        print(words)
    if lab.return_code:
        sys.exit(lab.return_code)


def show_notes(name: str, folder: Path, glyphs: GlyphChoice) -> None:
    """Show the notes of a lecture that is held from a folder of runs."""
    require_screen(os.environ)
    settle_environment(os.environ)
    from .lab.opening import Memory
    from .lecture.notes_screen import NotesApp
    from .terminal.frame_clock import Clock

    look = choose_look(glyphs, Memory.of_user().choices, os.environ)
    NotesApp(folder, name, look, Clock.of(os.environ)).run(mouse=False)
