"""What an evaluation says, without the rows: its line of JSON, made by a process and shown by
another, which then needs neither scikit-learn nor the data.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from .calibration import CalibrationBin
from .class_figures import ClassFigures
from .evaluation import JudgedFigure
from .importance import Importance, Importances
from .number_figures import NumberFigures

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """The figures of an ``Evaluation``, and its worst rows."""

    source: str
    """Which rows it is of, in a few words."""
    trained_on: bool
    """Whether the network has learned from them."""
    weights: str
    """Whose weights these are, in words."""
    task: str
    constant: str
    """What the constant answer is, or why it is not known."""
    figures: tuple[JudgedFigure, ...]
    classes: tuple[ClassFigures, ...]
    numbers: tuple[NumberFigures, ...]
    calibration_error: float | None
    calibration: tuple[CalibrationBin, ...]
    importances: Importances | None
    columns: tuple[str, ...]
    """What goes in."""
    target_names: tuple[str, ...]
    worst: tuple[Mapping[str, Any], ...]
    """The worst rows as ``predict.objects`` tells them."""

    @classmethod
    def from_plain(cls, body: Any) -> Judgement:
        """Return what a plain object of an evaluation says.

        Raises:
            ValueError: It is none.
        """
        try:
            return cls(
                source=str(body["of"]),
                trained_on=bool(body["trained_on"]),
                weights=str(body["weights"]),
                task=str(body["task"]),
                constant=str(body["constant_answer"]),
                figures=_named(body["figures"], JudgedFigure),
                classes=_named(body["classes"], ClassFigures),
                numbers=_named(body["numbers"], NumberFigures),
                calibration_error=_float(body["calibration_error"]),
                calibration=tuple(CalibrationBin(**each) for each in body["calibration"]),
                importances=_importances(body["importance"]),
                columns=tuple(map(str, body["columns"])),
                target_names=tuple(map(str, body["target_names"])),
                worst=tuple(body["worst"]),
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"is no evaluation: {error}") from error


def _named(bodies: Mapping[str, Mapping[str, Any]], of: Callable[..., T]) -> tuple[T, ...]:
    """Return figures that stand under their names."""
    return tuple(
        partial(of, name=name)(**{key: _float(value) for key, value in body.items()})
        for name, body in bodies.items()
    )


def _float(value: Any) -> Any:
    """Return a number that is a word in JSON, since it is not finite."""
    return float(value) if isinstance(value, str) else value


def _importances(body: Mapping[str, Any] | None) -> Importances | None:
    if body is None:
        return None
    columns = [
        Importance(
            str(each["column"]),
            {name: (_float(mean), _float(far)) for name, (mean, far) in each["worse_by"].items()},
        )
        for each in body["columns"]
    ]
    return Importances(int(body["rows"]), columns)
