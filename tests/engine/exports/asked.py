"""Networks that are exported, and the rows they are asked about: what ``predict`` says decides."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.exports.export import Export
from engine.exports.formats import FORMATS
from engine.exports.names import FormatName
from engine.exports.writing import write_files
from engine.results.asked_rows import RowsAsked
from engine.results.predict import answers
from engine.results.run import LoadedRun, of_folder
from tests.experiments import CUBIC, MINIBATCHES, MOONS, experiment
from tests.trained import recorded

AGREE = 1e-5
"""How far an exported network may be from ``predict``: of the range of what it says."""

SPECS: dict[str, Any] = {
    "numbers, scaled": experiment(
        CUBIC,
        data={
            "domain": [1000.0, 1003.0],
            "targets": ["sin(x)", "x + 5e4"],
            "scale_inputs": "standard",
            "scale_targets": "range",
        },
        train={"steps": 60},
    ),
    "a probability": experiment(MOONS, train={"epochs": 60}),
    "a logit": experiment(
        MOONS,
        model={"output_activation": "identity"},
        loss={"name": "binary_cross_entropy_with_logits"},
        train={"epochs": 60},
    ),
    "logits, batch norm, dropout": experiment(
        MINIBATCHES,
        model={"hidden": [6], "normalisation": "batch", "dropout": 0.2},
        train={"epochs": 8, "batch_size": 24},
    ),
    "log probabilities": experiment(
        MINIBATCHES,
        model={"hidden": [6], "output_activation": "log_softmax"},
        loss={"name": "negative_log_likelihood"},
        train={"epochs": 8},
    ),
    "layer norm, float64": experiment(
        CUBIC,
        model={"hidden": [4], "activation": "tanh", "normalisation": "layer"},
        train={"steps": 20, "dtype": "float64"},
    ),
    "features": experiment(
        MOONS,
        data={
            "features": [
                "x * y",
                "-sin(3 * x)",
                "floor(x) / pi",
                "arctan(y - 1)",
                "abs(x)**2",
                "2",
            ],
            "scale_inputs": "standard",
        },
        train={"epochs": 40},
    ),
    "a picture": experiment(
        {name: table for name, table in MINIBATCHES.items() if name != "model"},
        model={
            "input_shape": [1, 1, 2],
            "layers": [
                {"conv": 3, "kernel": 1, "normalisation": "batch"},
                {"conv": 2, "kernel": 1, "normalisation": "layer"},
                {"pool": 1},
                {"flatten": True},
                {"dense": 4},
            ],
        },
        train={"epochs": 8, "batch_size": 24},
    ),
    "one of a population": experiment(
        CUBIC,
        data={"scale_inputs": "range", "scale_targets": "standard"},
        population={"seeds": 3},
        train={"steps": 20},
    ),
}

COLUMNS: dict[str, Any] = {
    "age": {"kind": "number", "missing": "median", "indicator": True},
    "job": {"kind": "category", "values": ["clerk", "nurse"], "missing": "own"},
    "town": {"kind": "category", "values": ["Ulm", "Köln", "Bonn"], "missing": "most-common"},
    "smoker": {"kind": "truth", "yes": ["yes"], "no": ["no"], "missing": "most-common"},
    "joined": {"kind": "date", "format": "%d.%m.%Y", "parts": ["year", "month", "weekday", "days"]},
}
"""Columns of every kind, some of whose cells are missing."""

FILES: dict[str, tuple[dict[str, Any], str]] = {
    "people, classes": ({"task": "classes", "targets": ["class"]}, "cross_entropy"),
    "people, numbers": (
        {"task": "numbers", "targets": ["price"], "scale_targets": "standard"},
        "mse",
    ),
    "people, labels": (
        {"task": "labels", "targets": ["tall", "rich"]},
        "binary_cross_entropy_with_logits",
    ),
    "people, shares": ({"task": "shares", "targets": ["a", "b"]}, "cross_entropy"),
}
"""What is learned of a file of people, and by which loss."""


def people_file(folder: Path) -> Path:
    """Return a file of people, in which every column of words or numbers has gaps."""
    rng = np.random.default_rng(1)
    lines = ["age,job,town,smoker,joined,class,price,tall,rich,a,b"]
    for row in range(80):
        cells = [
            rng.choice(["", f"{rng.integers(18, 80)}.5"], p=[0.1, 0.9]),
            rng.choice(["clerk", "nurse", "", "plumber"]),
            rng.choice(["Ulm", "Köln", "Bonn", ""], p=[0.5, 0.2, 0.2, 0.1]),
            rng.choice(["yes", "no", ""], p=[0.4, 0.5, 0.1]),
            f"{rng.integers(1, 29):02}.{rng.integers(1, 13):02}.{rng.integers(1950, 2020)}",
            ["low", "middle", "high"][row % 3],
            f"{1e6 + 1000 * rng.normal():.2f}",
            *rng.integers(0, 2, 2),
            *[(0.25, 0.75), (0.5, 0.5), (1, 0)][row % 3],
        ]
        lines.append(",".join(map(str, cells)))
    path = folder / "people.csv"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def people(name: str, folder: Path) -> Any:
    """Return what is trained on it."""
    targets, loss = FILES[name]
    data = {"kind": "file", "path": str(people_file(folder)), "split": [0.7, 0.3], **targets}
    inputs = {"inputs": [*COLUMNS], "columns": COLUMNS, "scale_inputs": "standard"}
    return experiment({"data": {**data, **inputs}, "loss": {"name": loss}, "train": {"epochs": 20}})


PEOPLE: dict[str, Any] = {
    "age": [40.0, np.nan, 1e4, 63.5, 17.0, 30.0],
    "job": ["nurse", "", "clerk", "astronaut", "plumber", "clerk"],
    "town": ["Ulm", "Bonn", "", "Köln", "Gotham", "Ulm"],
    "smoker": [1.0, 0.0, np.nan, 1.0, 0.0, 1.0],
    "joined year": [1999.0, 1960.0, 2030.0, 2001.0, 1970.0, 2000.0],
    "joined month": [1.0, 12.0, 6.0, 2.0, 1.0, 3.0],
    "joined weekday": [0.0, 6.0, 3.0, 1.0, 2.0, 4.0],
    "joined days": [10592.0, -3288.0, 22000.0, 11400.0, 3.0, 11000.0],
}
"""People that nobody has seen: of another job or town, of whom something is not known."""


@cache
def trained(name: str) -> LoadedRun:
    """Return a run of one of them, the second network of a population."""
    place = Path(mkdtemp())
    spec = SPECS[name] if name in SPECS else people(name, place)
    folder, _ = recorded(spec, place / "a-run")
    run = of_folder(folder)
    return of_folder(folder, member=1) if run.header.members > 1 else run


def written(run: LoadedRun, to: FormatName, folder: Path) -> list[Path]:
    """Return the files of an export."""
    path = folder / f"a{FORMATS[to].ending}"
    export = Export(
        folder=run.folder,
        history=run.history,
        path=path,
        member=run.member,
        allow_code=run.allow_code,
    )
    return [*write_files([*FORMATS[to].files(export)], path, force=False)]


def rows_for(run: LoadedRun) -> NDArray[np.float64]:
    """Return rows to ask about, [rows, columns]: within the data, far from it, and without any."""
    low, high = (1000.0, 1003.0) if run is trained("numbers, scaled") else (-2.0, 3.0)
    rows = np.random.default_rng(0).uniform(low, high, (40, run.header.inputs))
    rows[-1] = np.nan
    return rows


def answer(run: LoadedRun, rows: Any) -> NDArray[np.float64]:
    """Return what an exported network must say: numbers, or the probability of each class."""
    said = run.predict(rows)
    if run.header.experiment["data"].get("task") in ("labels", "shares"):
        return answers(run, RowsAsked("rows", run.preprocessing.codes(rows))).outputs
    loss = run.header.experiment["loss"]["name"]
    if loss in ("cross_entropy", "negative_log_likelihood"):
        shares = np.exp(said - said.max(axis=1, keepdims=True))
        return shares / shares.sum(axis=1, keepdims=True)
    if loss.startswith("binary_cross_entropy"):
        second = 1 / (1 + np.exp(-said)) if loss.endswith("logits") else said
        return np.concatenate([1 - second, second], axis=1)
    return said


def assert_agree(said: NDArray[Any], wanted: NDArray[np.float64]) -> None:
    """Hold what an exported network says against what is wanted, NaN for NaN."""
    assert said.shape == wanted.shape
    extent = np.nanmax(wanted, axis=0) - np.nanmin(wanted, axis=0)
    np.testing.assert_array_equal(np.isnan(said), np.isnan(wanted))
    assert np.nanmax(np.abs(said - wanted) / extent) < AGREE
