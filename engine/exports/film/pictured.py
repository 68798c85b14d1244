"""A run that is looked at: its sets, drawn again, and its network after some of the kept steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from ...errors import RunError
from ...recording.best import best_step
from ...recording.forward import forward, layers_of, unpack
from ...text.safe import plain
from .film import Film, Frame

if TYPE_CHECKING:
    from ...data import Examples
    from ...results.run import LoadedRun

FRAMES: Final = 56
"""Steps of which there is a picture, about."""

MARKS: Final = 9
"""Marks that have a picture of their own step, as far as weights are kept there."""

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Pictured:
    """A run of which a film is made."""

    run: LoadedRun

    def sets(self) -> dict[str, Examples]:
        """Return its sets as they were drawn, those that there are.

        Raises:
            RunError: A file has changed since.
            DataError: One is not there any more.
        """
        from ...data import load

        header, data = self.run.header, self.run.alone.data
        for then, now in zip(header.files, data.files, strict=False):
            if then.get("sha256") != now.get("sha256"):
                raise RunError(f"{now.get('name')}: has changed since the run was trained on it")
        whole = load(data, header.seeds[self.run.member])
        named = {"train": whole.train, "dev": whole.dev, "test": whole.test}
        return {name: part for name, part in named.items() if part is not None and len(part)}

    def places_of(self, part: Examples) -> Numbers:
        """Return the inputs of a set in the units of the data."""
        return part.original_inputs(self.run.scaling)

    @property
    def input_names(self) -> list[str]:
        """The name of each number that a row gives, harmless for a terminal."""
        return list(map(plain, self.run.header.row_names or self.run.experiment.data.given_names))

    @property
    def target_names(self) -> list[str]:
        """The name of each output, or of each class."""
        header = self.run.header
        return list(map(plain, header.target_names or self.run.experiment.data.target_names))

    def film(
        self, title: str, still: list[str], draw: Callable[[Numbers], str], asked: Numbers
    ) -> Film:
        """Return a frame for each of some steps, and what stands over them.

        Args:
            title: What is shown.
            still: What does not change, as SVG.
            draw: Draws what the network says, [places, outputs].
            asked: Of which places, in the units of the data: [places, inputs].
        """
        run = self.run
        best = best_step(run.history, run.member)
        inputs, layers = run.scaling.scale_inputs(asked), layers_of(run.header)
        frames = []
        for step in self._steps(best or 0):
            snapshot = run.history.snapshot(step)
            assert snapshot is not None
            weights = unpack(run.header, snapshot, run.member)
            outputs = forward(layers, weights, inputs)[-1].astype(np.float64)
            frames.append(Frame(snapshot.step, draw(outputs)))
        return Film(title, "".join(still), tuple(frames), best)

    def _steps(self, best: int) -> list[int]:
        """Return kept steps: some as they are kept, which is early; some evenly far apart."""
        kept = np.array(self.run.history.snapshot_steps)
        count = min(FRAMES // 2, len(kept))
        as_kept = kept[np.linspace(0, len(kept) - 1, count).round().astype(int)]
        marks = [mark.step for mark in self.run.history.marks[:MARKS]]
        wanted = [*np.linspace(0, kept[-1], count), *marks, best]
        before = np.clip(np.searchsorted(kept, wanted, side="right") - 1, 0, None)
        return sorted({*as_kept.tolist(), *kept[before].tolist()})
