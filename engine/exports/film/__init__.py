"""What a network learned, after each of some steps: its decision region, or the functions it fits.

    LoadedRun ── film_of ──► Film: what stands still, and a Frame for each of some kept steps

The weights are those that the recording keeps; the data is drawn again, as everywhere else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...results.charts.drawing import Area
from . import fit, region
from .film import Film
from .pictured import Pictured

if TYPE_CHECKING:
    from ...results.run import LoadedRun

__all__ = ["Film", "film_of"]


def film_of(run: LoadedRun, box: Area) -> Film | None:
    """Return what a run's network learned, step by step; None where no picture shows that.

    Args:
        run: The run.
        box: Where it is to be drawn.

    Raises:
        EpochalError: There would be a picture, and its data is not there any more.
    """
    header = run.header
    is_plain = header.experiment.get("model", {}).get("kind", "mlp") == "mlp"
    has_classes = "accuracy" in header.columns.get("train", ())
    drawn = region.draw if has_classes else fit.draw
    inputs = 2 if has_classes else 1
    if not (is_plain and header.inputs == inputs and run.history.snapshot_steps):
        return None
    return None if run.experiment.data.fresh else drawn(Pictured(run), box)
