"""Pictures of the lab for a report or a slide: the screen as SVG, a pane's picture as text."""

from __future__ import annotations

import os
import re
from pathlib import Path

from textual.app import App
from textual.widget import Widget

from engine.text.owned import by_umask, create

from ..panes.picture import Picture


def save_screenshot(app: App[object], pane: Widget, name: str, folder: Path) -> list[Path]:
    """Save what is on the screen, and return the files.

    Args:
        app: Whose screen.
        pane: Whose pictures are saved as text.
        name: What the files are called; made harmless, and numbered where it is taken.
        folder: Where they go.

    Raises:
        OSError: They cannot be written.
    """
    stem = _free(folder, re.sub(r"[^\w.+-]+", "-", name) or "epochal")
    svg, text = folder / f"{stem}.svg", folder / f"{stem}.txt"
    for path, body in ((svg, svg_of(app)), (text, words_of(pane) + "\n")):
        with os.fdopen(create(path, shared=by_umask()), "w", encoding="utf-8") as file:
            file.write(body)
    return [svg, text]


def svg_of(app: App[object], title: str | None = None) -> str:
    """Return what is on the screen as SVG.

    Rich's pictures leave their blanks to the program that shows them, and many make one of
    several, or none at the beginning of a piece; asked to, all keep them.
    """
    picture = app.export_screenshot(title=title)
    return re.sub(r"<text(?! xml:space)(?=[ >])", '<text xml:space="preserve"', picture)


def words_of(pane: Widget) -> str:
    """Return a pane's pictures as text, one under the other."""
    pictures = [pane] if isinstance(pane, Picture) else list(pane.query(Picture))
    return "\n".join(picture.text for picture in pictures if isinstance(picture, Picture))


def _free(folder: Path, stem: str) -> str:
    number, name = 1, stem
    while any(os.path.lexists(folder / f"{name}{suffix}") for suffix in (".svg", ".txt")):
        number += 1
        name = f"{stem}-{number}"
    return name
