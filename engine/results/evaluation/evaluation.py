"""The evaluation of a trained network: all that rows with known answers tell of it.

    run, rows ─► answers ─► figures beside the constant answer, classes or outputs one by one,
                            calibration, what each column is worth, the worst rows

Scikit-learn computes what it has; it is an extra, and imported only here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from ...errors import EpochalError, RequestError, RunError
from ...recording.fitting import UNSAID
from ...recording.lacking import check_experiment
from ...text.numbers import as_json
from ...text.safe import plain
from ..asked_rows import RowsAsked
from ..predict import Answers, answers, objects
from .calibration import CalibrationBin, calibration, calibration_error
from .class_figures import ClassFigures, class_figures
from .comparison import PairedComparison, compared
from .constant import FRESH, ConstantAnswer, constant_answer
from .importance import Importances, importances
from .number_figures import NumberFigures, number_figures
from .scores import RowScores, badness, scores_of

if TYPE_CHECKING:
    from ..run import LoadedRun

CONFIDENCE: Final = 0.95
"""How sure an interval is."""


@dataclass(frozen=True, kw_only=True)
class JudgedFigure:
    """A figure of all rows."""

    name: str
    value: float
    low: float | None = None
    """Where its interval of 95 % begins, after Wilson; none where it is no share of rows."""
    high: float | None = None
    """Where it ends."""
    constant: float | None = None
    """That of the constant answer; none where this is not known."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Evaluation:
    """All that rows with known answers tell of a network."""

    answers: Answers
    figures: list[JudgedFigure]
    constant: str
    """What the constant answer is, or why it is not known."""
    classes: list[ClassFigures]
    """Each class or label; none where numbers are learned."""
    numbers: list[NumberFigures]
    """Each output, or the share of each class; none where classes are learned."""
    calibration: list[CalibrationBin]
    """Empty where nothing is said with a probability."""
    importances: Importances | None
    """None of pictures, whose pixels are no columns."""
    worst: Answers
    """Those of the rows that are most wrong, the worst first."""
    comparison: PairedComparison | None

    @property
    def calibration_error(self) -> float | None:
        """How far said and right are apart in the mean; none where there are no probabilities."""
        return calibration_error(self.calibration) if self.calibration else None


def evaluation(
    run: LoadedRun,
    rows: RowsAsked,
    worst: int,
    other: Answers | None,
    say: Callable[[str], None] = lambda doing: None,
) -> Evaluation:
    """Return what rows with known answers tell of a run.

    Args:
        run: Which.
        rows: The rows.
        worst: How many of the worst rows to name.
        other: What another run says of the same rows, to be compared with.
        say: Is told what it is at.

    Raises:
        RequestError: Scikit-learn is missing, or the rows are not the same.
        RunError: The network says no numbers.
    """
    say(f"asking the network about {rows.source}")
    answers = judged(run, rows)
    say("computing the figures")
    constant, words = _constant(run, answers)
    apart = answers.task in ("classes", "labels")
    classes = [*class_figures(answers)] if apart else []
    return Evaluation(
        answers=answers,
        figures=[*_figures(answers, constant), *_balanced(answers, classes)],
        constant=words,
        classes=classes,
        numbers=[] if apart else [*number_figures(answers, constant)],
        calibration=calibration(answers),
        importances=importances(run, answers, say),
        worst=answers.taken(np.argsort(-badness(answers), kind="stable")[:worst]),
        comparison=None if other is None else compared(answers, other),
    )


def judged(run: LoadedRun, rows: RowsAsked) -> Answers:
    """Return what a run says of rows, once it is sure that this can be judged.

    Raises:
        RequestError: Scikit-learn is missing, or the rows have no targets.
        RunError: The run has no network, or one that says no numbers.
    """
    if find_spec("sklearn") is None:
        raise RequestError("evaluate: needs scikit-learn: pip install 'epochal[data]'")
    name = plain(run.header.run)
    check_experiment(run.header.run, run.header, "cannot be evaluated")
    told = answers(run, rows)
    if rows.targets is None:
        raise RequestError(f"{rows.source}: has no targets to hold {name} against; {_wanted(told)}")
    shape = told.outputs.shape if told.task != "classes" else told.outputs.shape[:1]
    if rows.targets.shape != shape:
        raise RunError(f"{name}: {UNSAID}")
    wrong = int((~np.isfinite(told.outputs).all(axis=1)).sum())
    if wrong:
        raise RunError(
            f"{name}: its network says no number for {wrong} of {rows.source}; see what became of "
            f"it: epochal show {name}"
        )
    return told


def _wanted(answers: Answers) -> str:
    """Return which columns would be the targets."""
    names = ", ".join(plain(name) for name in answers.target_names[:5])
    more = ", …" * (len(answers.target_names) > 5)
    if answers.are_pictures:
        return f"it must have no other classes than {names}{more}"
    if answers.task == "classes":
        return f"one column beside the inputs must have nothing but the classes {names}{more}"
    return f"it must have the columns {names}{more}"


def _constant(run: LoadedRun, answers: Answers) -> tuple[ConstantAnswer | None, str]:
    """Return the constant answer, and what it is or why there is none."""
    try:
        constant = constant_answer(run)
    except EpochalError as error:
        return None, f"the constant answer is not known: {error}"
    if answers.task != "classes":
        learned = f"{FRESH} other new rows" if run.alone.data.fresh else "the training set"
        median = "; for absolute errors its median" * (answers.task == "numbers")
        return constant, f"the mean of {learned}{median}"
    most = answers.target_names[int(constant.mean.argmax())]
    return constant, f"{plain(most)}, the most common class of the training set"


def _figures(answers: Answers, constant: ConstantAnswer | None) -> Iterator[JudgedFigure]:
    of_constant = {}
    if constant is not None:
        of_constant = {each.name: each.value for each in scores_of(constant.instead_of(answers))}
    for scores in scores_of(answers):
        low, high = _interval(scores)
        yield JudgedFigure(
            name=scores.name,
            value=scores.value,
            low=low,
            high=high,
            constant=of_constant.get(scores.name),
        )


def _interval(scores: RowScores) -> tuple[float | None, float | None]:
    """Return Wilson's interval of a share of rows."""
    from scipy.stats import binomtest

    if not scores.is_share:
        return None, None
    test = binomtest(int(scores.rows.sum()), len(scores.rows))
    interval = test.proportion_ci(CONFIDENCE, method="wilson")
    return float(interval.low), float(interval.high)


def _balanced(answers: Answers, classes: list[ClassFigures]) -> Iterator[JudgedFigure]:
    """Yield the mean recall of the classes that have rows, in which rare ones count as others."""
    recalls = [each.recall for each in classes if each.recall is not None]
    if answers.task == "classes":
        mean = float(np.mean(recalls))
        yield JudgedFigure(name="balanced accuracy", value=mean, constant=1 / len(recalls))


def plain_object(made: Evaluation) -> dict[str, Any]:
    """Return an evaluation as an object for JSON."""
    answers = made.answers
    return {
        "run": answers.run,
        "of": answers.rows.source,
        "rows": len(answers.outputs),
        "trained_on": answers.rows.trained_on,
        "weights_step": answers.weights_step,
        "weights": answers.weights,
        "task": answers.task,
        "columns": [] if answers.are_pictures else [column.name for column in answers.columns],
        "target_names": answers.target_names,
        "constant_answer": made.constant,
        "figures": {each.name: _without_name(each) for each in made.figures},
        "classes": {each.name: _without_name(each) for each in made.classes},
        "numbers": {each.name: _without_name(each) for each in made.numbers},
        "calibration_error": made.calibration_error,
        "calibration": [asdict(each) for each in made.calibration],
        "importance": None if made.importances is None else asdict(made.importances),
        "worst": [_without_pixels(answers, each) for each in [*objects(made.worst)][:-1]],
        "comparison": None if made.comparison is None else asdict(made.comparison),
    }


def _without_pixels(answers: Answers, row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "inputs": []} if answers.are_pictures else row


def _without_name(figures: Any) -> dict[str, Any]:
    return {key: as_json(value) for key, value in asdict(figures).items() if key != "name"}
