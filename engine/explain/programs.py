"""Which programs of an experiment are printed: with PyTorch's ``backward()``, or by formulas."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, cast

import numpy as np

from ..errors import EpochalError
from ..text.files import replacing, why
from ..text.owned import by_umask
from . import formulas, program

if TYPE_CHECKING:
    from ..experiment.experiment import Experiment

Way = Literal["backward", "formulas"]
"""How a program gets its gradients."""

_STYLES: Final = {"backward": program.STYLES, "formulas": formulas.WRITTEN_IN}


@dataclass(frozen=True, kw_only=True)
class ProgramWish:
    """What programs are asked for."""

    style: str | None = None
    """How it is written, or ``all``; the first of its way where that is left out, both where
    gradients are by formulas."""
    gradients: Way | None = None
    """How it gets its gradients; what the style has where that is left out."""
    file: Path | None = None
    """Where first weights and rows are written for numpy."""
    alone: bool = False
    """Whether one program is wanted and nothing beside it, to be saved."""

    @property
    def way(self) -> Way:
        """How gradients are got."""
        by_style: Way = "formulas" if self.style in formulas.WRITTEN_IN else "backward"
        return self.gradients or by_style

    def styles(self) -> list[str]:
        """Return the ways it is to be written.

        Raises:
            EpochalError: A program is not written so, or needs no file.
        """
        styles = _STYLES[self.way]
        if self.style not in (None, "all", *styles):
            raise EpochalError(
                f"--style {self.style}: with --gradients {self.way} it is "
                f"{', '.join(styles)} or all"
            )
        chosen: list[str] = [each for each in styles if self.style in (each, "all")]
        if not chosen:
            # Of two programs that are saved as one, the second would run after the first.
            chosen = ["torch"] if self.way == "formulas" and self.alone else [*styles]
            chosen = chosen if self.way == "formulas" else ["module"]
        if self.file is not None and "numpy" not in chosen:
            raise EpochalError("--with-data: is read by the numpy program alone: --style numpy")
        if self.file is not None and self.file.suffix != ".npz":
            raise EpochalError(f"--with-data: must end with .npz (got {str(self.file)!r})")
        return chosen


def programs(
    experiment: Experiment, name: str, wish: ProgramWish
) -> Iterator[tuple[str, str | EpochalError]]:
    """Yield the programs: the style, and its text or why there is none.

    Raises:
        EpochalError: They are not written so, or what is to lie beside them cannot be written.
    """
    for style in wish.styles():
        try:
            yield style, written(experiment, style, name, wish.file)
        except EpochalError as error:
            yield style, error


def written(experiment: Experiment, style: str, name: str = "", file: Path | None = None) -> str:
    """Return a program, and write what is to lie beside it.

    Raises:
        EpochalError: It cannot be written.
    """
    if style in program.STYLES:
        return program.program(experiment, style, name)
    beside = file if style == "numpy" else None
    text = formulas.program(experiment, cast(formulas.WrittenIn, style), name, str(beside or ""))
    if beside is not None:
        try:
            with replacing(beside, durable=False, shared=by_umask()) as out:
                np.savez(out, allow_pickle=False, **formulas.arrays_of(experiment))
        except OSError as error:
            raise EpochalError(f"--with-data: {beside} cannot be written: {why(error)}") from None
    return text
