"""The texts of a lecture that may have figures, each with its scene."""

from __future__ import annotations

from ..figures.proofreading import Passage
from .scenes import Lecture


def passages_of(lecture: Lecture) -> list[tuple[int | None, Passage]]:
    """Return the texts of a lecture, each with the index of its scene."""
    passages: list[tuple[int | None, Passage]] = [(None, Passage("about", lecture.about))]
    for at, scene in enumerate(lecture.scenes):
        passages.append((at, Passage(f"scenes[{at}].text", scene.text or "", kind="text")))
        # Where nothing is shown there is nothing to fill notes in from.
        kind = "text" if scene.text is not None else "notes"
        passages.append((at, Passage(f"scenes[{at}].notes", scene.notes, kind=kind)))
    return passages


def titled_in(lecture: Lecture) -> list[Passage]:
    """Return the titles of a lecture."""
    scenes = [Passage(f"scenes[{at}].title", s.title) for at, s in enumerate(lecture.scenes)]
    return [Passage("title", lecture.title), *scenes]
