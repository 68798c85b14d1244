"""What an exported network answers, and all that must be known to ask it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from ..components.losses import LOSSES
from ..errors import RunError
from ..recording.events import Header
from ..recording.fitting import UNSAID
from ..results.run import LoadedRun
from ..text.safe import plain

Targets = Literal["numbers", "classes", "labels", "shares"]
"""What was learned: numbers; one class of several; each of several labels; the share of classes."""

Link = Literal["none", "softmax", "sigmoid"]
"""What makes probabilities of the last layer's outputs."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What is made of the last layer's outputs."""

    targets: Targets
    names: list[str]
    """Of the numbers, classes or labels."""
    link: Link = "none"
    """What makes probabilities of the outputs."""
    is_probability: bool = False
    """Whether the answer is probabilities: else it is numbers in their units, or a score."""
    is_pair: bool = False
    """Whether a single output tells two classes apart: it is of the second."""
    threshold: float = 0.5
    """Above which output it is the second then."""

    @property
    def words(self) -> str:
        """What it is."""
        if not self.is_probability and not self.is_pair:
            return "the targets, in their units"
        if not self.is_probability:
            return f"a score: above {self.threshold:g} it is the second class"
        each = {"labels": "label", "shares": "class, which is its share"}
        return f"the probability of each {each.get(self.targets, 'class')}"

    @property
    def words_of_outputs(self) -> str:
        """What the last layer's outputs are, as it was trained."""
        if self.targets == "numbers":
            return "the targets, as they were scaled"
        what = "of the second class" if self.is_pair else "one each"
        if not self.is_probability:
            return self.words
        if self.link == "none":
            return f"a probability, {what}"
        return f"a number, {what}, of which {self.link} makes probabilities"


def answer_of(header: Header) -> Answer:
    """Return what a run's network answers.

    Raises:
        RunError: Its recording does not say it.
    """
    tells_apart = "accuracy" in header.columns.get("train", ())
    task = header.experiment.get("data", {}).get("task")
    loss = LOSSES.get(header.experiment.get("loss", {}).get("name", ""))
    if loss is None:
        raise RunError(f"{plain(header.run)}: {UNSAID}")
    targets: Targets = "classes" if tells_apart else "numbers"
    if task == "labels" or task == "shares":
        targets = task
    is_pair = targets == "classes" and loss.targets != "classes"
    names = header.target_names or _places(header, is_pair)
    if targets == "numbers":
        return Answer(targets=targets, names=names)
    links: dict[str, Link] = {
        "logits": "softmax",
        "log_probabilities": "softmax",
        "logit": "sigmoid",
    }
    link = links.get(loss.outputs, "none")
    return Answer(
        targets=targets,
        names=names,
        link=link,
        is_probability=link != "none" or loss.outputs == "probability",
        is_pair=is_pair,
        threshold=loss.threshold(),
    )


def _places(header: Header, is_pair: bool) -> list[str]:
    """Return what stands for the names of outputs or classes, which early recordings lack."""
    # A bias comes last.
    count = 2 if is_pair else [*header.parameters.values()][-1][0]
    return [str(place) for place in range(count)]


def about(run: LoadedRun) -> dict[str, Any]:
    """Return what a network takes and what it answers, for whoever asks it without epochal."""
    made, targets, answer = run.preprocessing, run.scaling.targets, answer_of(run.header)
    return {
        "epochal": run.header.versions.get("epochal", ""),
        "run": run.header.run,
        "weights": run.kept.words(),
        **made.plain(),
        "feature_names": [*(made.computed.texts if made.computed else made.given_names)],
        "answer": answer.words,
        "names": answer.names,
        **({} if targets is None else targets.plain("target")),
    }
