"""Whether presets and lectures hold, in words and as objects for programs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ..errors import DataError, LectureError, PresetError, Problem
from ..experiment.experiment import Experiment
from ..experiment.members import members_of
from ..figures.proofreading import misplaced
from ..lectures import lecture as lectures
from ..lectures.rehearsal import Proof, Rehearsal, proofs
from ..presets import preset as presets
from ..text.numbers import counted


class Checks:
    """Checks presets and lectures by name.

    Args:
        runs: The folder of runs that lectures may show.
        figures: Whether what they show is trained, and compared with what their texts say.
        allow_code: Whether a preset's own network may run.
        panes: The panes that a lecture's scenes may be shown in; any where that is left out.
    """

    def __init__(
        self,
        runs: Path,
        *,
        figures: bool = False,
        allow_code: bool = False,
        panes: Sequence[str] | None = None,
    ) -> None:
        self._runs, self._panes = runs, panes
        self._rehearsal = Rehearsal(allow_code=allow_code, runs=runs) if figures else None

    def of(self, reference: str) -> tuple[dict[str, Any], str]:
        """Return what is wrong with one and what is to be known of it, and how to say it."""
        if lectures.is_lecture(reference):
            return self._lecture(reference)
        return self._preset(reference)

    def _preset(self, reference: str) -> tuple[dict[str, Any], str]:
        told: dict[str, Any] = {"preset": reference, "problems": []}
        try:
            preset = presets.load(reference)
        except PresetError as error:
            return _refused(told, error)
        problems = misplaced(preset.experiment, str(preset.path), presets.experiment_of)
        notices: list[str] = []
        if not problems:
            try:
                notices = _notices(preset.experiment)
            except DataError as error:
                problems.append(Problem(str(preset.path), "", str(error)))
        words = f"{reference}: holds; {_size(preset.experiment)}"
        if self._rehearsal is not None and not problems:
            rehearse = self._rehearsal.of_preset
            words += _compared(lambda: rehearse(preset), str(preset.path), told, problems)
        told["problems"] = [vars(problem) for problem in problems]
        told["notices"] = notices
        words = "\n".join([words, *(f"note: {each}" for each in notices)])
        return told, "\n".join(map(str, problems)) or words

    def _lecture(self, reference: str) -> tuple[dict[str, Any], str]:
        told: dict[str, Any] = {"lecture": reference, "problems": [], "remarks": []}
        try:
            script = lectures.load(reference, self._panes)
        except LectureError as error:
            return _refused(told, error)
        inspection = lectures.check(script, self._runs)
        problems = list(inspection.problems)
        told["remarks"] = [vars(remark) for remark in inspection.remarks]
        scenes = counted(len(script.lecture.scenes), "scene")
        head = f"{reference}: holds; {scenes}, {script.lecture.minutes:g} minutes"
        if self._rehearsal is not None and not problems:
            rehearse = self._rehearsal.of_lecture
            head += _compared(lambda: rehearse(script), str(script.path), told, problems)
        told["problems"] = [vars(problem) for problem in problems]
        lines = [str(problem) for problem in problems]
        lines = lines or [head, *(f"note: {each}" for each in inspection.remarks)]
        return told, "\n".join(lines)


def _notices(experiment: Experiment) -> list[str]:
    """Return what a run would say of its rows before it trains.

    Raises:
        DataError: They cannot be what the network is to see, as it would say then.
    """
    from ..data import load
    from ..data.unseen import notices_of

    first = members_of(experiment)[0].experiment
    if first.data.fresh:
        return []
    return notices_of(first.data, load(first.data, first.train.seed))


def _refused(told: dict[str, Any], error: PresetError | LectureError) -> tuple[dict[str, Any], str]:
    return {**told, "problems": [vars(problem) for problem in error.problems]}, str(error)


def _compared(
    train: Callable[[], list[Proof]], source: str, told: dict[str, Any], problems: list[Problem]
) -> str:
    """Train, add what came out to what is told and what is wrong, and return a word about it."""
    compared, wrong = proofs(train, source)
    problems += wrong
    told["figures"] = [
        {"key": each.key, "figure": each.figure.text, "value": each.value, "holds": each.holds}
        for each in compared
    ]
    return f"; {counted(len(compared), 'figure')}, compared"


def _size(experiment: Experiment) -> str:
    steps = counted(experiment.steps, "step")
    if experiment.model.kind == "python":
        return f"a network of one's own, which was not run; {steps}"
    members = experiment.population.members
    several = f", {members} networks side by side" if members > 1 else ""
    return f"{experiment.parameters} parameters, {steps}{several}"
