"""What a network's outputs are, and all that must be known to ask an exported one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

from ..components.losses import LOSSES
from ..errors import RunError
from ..recording.events import Header
from ..recording.fitting import UNSAID
from ..results.run import LoadedRun
from ..text.safe import plain

Outputs = Literal["numbers", "logits", "logit", "probability", "score"]
"""What the outputs are: numbers, or of classes a logit each, or of two classes the logit, the
probability or a score of the second, which it is where that is above a half."""

WORDS: Final[Mapping[Outputs, str]] = {
    "numbers": "the targets, in their units",
    "logits": "the probability of each class",
    "logit": "the probability of each class",
    "probability": "the probability of each class",
    "score": "a score: above 0.5 it is the second class",
}
"""What an exported network answers, by what its outputs are."""


def outputs_of(header: Header) -> Outputs:
    """Return what a run's outputs are.

    Raises:
        RunError: Its recording does not say it.
    """
    if "accuracy" not in header.columns.get("train", ()):
        return "numbers"
    loss = LOSSES.get(header.experiment.get("loss", {}).get("name", ""))
    if loss is None:
        raise RunError(f"{plain(header.run)}: {UNSAID}")
    if loss.targets == "classes":
        return "logits"
    return loss.outputs if loss.outputs in ("logit", "probability") else "score"


def names_of(header: Header) -> list[str]:
    """Return the names of the targets, or of the classes; early recordings do not hold them."""
    # A bias comes last.
    count = [*header.parameters.values()][-1][0]
    count = 2 if outputs_of(header) in ("logit", "probability", "score") else count
    return header.target_names or [str(place) for place in range(count)]


def about(run: LoadedRun) -> dict[str, Any]:
    """Return what a network takes and what it answers, for whoever asks it without epochal."""
    made, targets = run.preprocessing, run.scaling.targets
    return {
        "epochal": run.header.versions.get("epochal", ""),
        "run": run.header.run,
        "weights": run.kept.words(),
        **made.plain(),
        "feature_names": [*(made.computed.texts if made.computed else made.given_names)],
        "answer": WORDS[outputs_of(run.header)],
        "names": names_of(run.header),
        **({} if targets is None else targets.plain("target")),
    }
