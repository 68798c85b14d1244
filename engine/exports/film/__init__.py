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
    # Asked first of the recording alone: the experiment may need a file that has gone.
    if not (is_plain and run.history.snapshot_steps and header.inputs == 1 + has_classes):
        return None
    data, loss = run.experiment.data, run.experiment.loss
    if data.fresh:
        return None
    if has_classes:
        return region.draw(Pictured(run), box) if data.class_count else None
    return fit.draw(Pictured(run), box) if loss.targets == "numbers" else None
