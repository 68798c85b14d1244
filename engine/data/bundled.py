"""The sets that come with scikit-learn: small, well known, and read from its own package.

What a network's shape follows from stands here, so that scikit-learn is imported only where the
rows are wanted: it takes more than a second.
"""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Final, Literal

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from ..text.source_code import define
from .base import DataBase, Examples, Shape


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(","))


_MEASURES: Final = _words(
    "radius, texture, perimeter, area, smoothness, compactness, concavity, concave points, "
    "symmetry, fractal dimension"
)

_SETS: Final[Mapping[str, Shape]] = {
    "iris": Shape(
        150,
        _words("sepal length (cm), sepal width (cm), petal length (cm), petal width (cm)"),
        _words("setosa, versicolor, virginica"),
        has_classes=True,
    ),
    "wine": Shape(
        178,
        _words(
            "alcohol, malic_acid, ash, alcalinity_of_ash, magnesium, total_phenols, flavanoids, "
            "nonflavanoid_phenols, proanthocyanins, color_intensity, hue, "
            "od280/od315_of_diluted_wines, proline"
        ),
        _words("class_0, class_1, class_2"),
        has_classes=True,
    ),
    "breast_cancer": Shape(
        569,
        [how.format(name) for how in ("mean {}", "{} error", "worst {}") for name in _MEASURES],
        _words("malignant, benign"),
        has_classes=True,
    ),
    "digits": Shape(
        1797,
        [f"pixel_{row}_{column}" for row in range(8) for column in range(8)],
        [str(digit) for digit in range(10)],
        has_classes=True,
    ),
    "diabetes": Shape(442, _words("age, sex, bmi, bp, s1, s2, s3, s4, s5, s6"), ["progression"]),
}


class Bundled(DataBase):
    """A set that comes with scikit-learn, which must be installed: ``epochal[data]``."""

    place: ClassVar[int] = 6

    measured: ClassVar[bool] = True

    kind: Literal["sklearn"] = "sklearn"
    set: Literal["iris", "wine", "breast_cancer", "digits", "diabetes"] = "iris"
    """Which: three sorts of iris by 4 measures, three wines by 13, tumours by 30, handwritten
    digits of 8x8 pixels from 0 to 16, or the progression of diabetes by 10 measures."""

    @property
    @override
    def shape(self) -> Shape:
        return _SETS[self.set]

    @property
    @override
    def row_shape(self) -> tuple[int, ...]:
        is_picture = self.set == "digits" and not self.features
        return (1, 8, 8) if is_picture else super().row_shape

    @override
    def draw(self, rng: np.random.Generator) -> Examples:
        """The rows in scikit-learn's order: iris and wine have one class after the other."""
        inputs, targets = _arrays(self.set)
        targets = (
            targets.astype(np.int64) if self.class_count else targets[:, None].astype(np.float64)
        )
        return Examples(inputs.copy(), targets)

    @override
    def program(self) -> str:
        name = f"load_{self.set}"
        options = ", scaled=False" if self.set == "diabetes" else ""
        column = "" if self.class_count else ".reshape(-1, 1)"
        loaded = f"inputs, targets = {name}(return_X_y=True{options})"
        lines = [loaded, f"return inputs, targets{column}"]
        drawn = define("draw_data", f"Return the {self.set} set of scikit-learn.", lines)
        return f"from sklearn.datasets import {name}\n\n\n{drawn}"

    def _problems(self) -> Iterator[str]:
        if importlib.util.find_spec("sklearn") is None:
            yield "kind: needs scikit-learn: pip install 'epochal[data]'"
        yield from super()._problems()


@functools.cache
def _arrays(name: str) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the inputs and targets of a set, as measured."""
    from sklearn import datasets

    # Scikit-learn would scale this one by its default, over rows that are to be tested on.
    options = {"scaled": False} if name == "diabetes" else {}
    inputs, targets = getattr(datasets, f"load_{name}")(return_X_y=True, **options)
    return inputs, targets
