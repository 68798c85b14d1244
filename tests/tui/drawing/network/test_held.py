"""Cuts through networks of many inputs: some vary, and it is said at what the others are held."""

from __future__ import annotations

import numpy as np
import pytest

from engine.results.run import LoadedRun
from tests.engine.exports.asked import answer, trained
from tests.tui.drawing.lists.test_result import watched
from tui.drawing.network import function, region
from tui.drawing.network.held import held_inputs
from tui.drawing.network.material import Material, RecordedNetwork, ViewError
from tui.pictures.gallery import Subject, exhibits
from tui.pictures.wish import Wish, refuse_view
from tui.style.glyphs import ASCII
from tui.style.look import Look
from tui.style.palette import DARK

PLAIN = Look(ASCII, DARK.without_colours())
NUMBERS = ("age", "joined year", "joined month", "joined weekday", "joined days")


def network_of(run: LoadedRun) -> RecordedNetwork:
    history = watched(run.folder).history
    return Material(history, run.member).result_network("best")


def held_cells(run: LoadedRun) -> dict[str, object]:
    """Return what is held, worked out from the rows of the file that were trained on."""
    material = network_of(run).material
    rows, names = material.original_inputs(material.parts["train"]), material.input_names
    middle = {name: np.median(rows[:, names.index(name)]) for name in NUMBERS}
    town = max(("Ulm", "Köln", "Bonn"), key=lambda town: rows[:, names.index(f"town={town}")].sum())
    job = max(
        ("clerk", "nurse", "(missing)"), key=lambda job: rows[:, names.index(f"job={job}")].sum()
    )
    smoker = float(rows[:, names.index("smoker")].mean() > 0.5)
    return {**middle, "town": town, "job": "" if job == "(missing)" else job, "smoker": smoker}


def test_a_region_says_of_a_place_what_predict_says_of_that_row() -> None:
    run = trained("people, classes")
    made = region.gather(network_of(run))
    assert set(made.names) <= set(NUMBERS)
    places = np.array([[3.0, 20.0], [11.0, 70.0], [1960.0, 44.5]])
    cells = {name: [value] * 3 for name, value in held_cells(run).items()}
    cells[made.names[0]], cells[made.names[1]] = places.T.tolist()
    np.testing.assert_allclose(made.probabilities(places), answer(run, cells), atol=1e-5)
    lines = [line.plain for line in region.draw_region(made, 100, 30, PLAIN)]
    assert lines[1].startswith("held: ")
    assert f"town {cells['town'][0]}" in lines[1]
    assert len(lines) == 30


def test_a_function_says_of_a_place_what_predict_says_of_that_row() -> None:
    run = trained("people, numbers")
    made = function.gather(network_of(run))
    cells = {name: [value] * len(made.grid) for name, value in held_cells(run).items()}
    cells[made.input_name] = made.grid.tolist()
    said = answer(run, cells)[:, 0]
    np.testing.assert_allclose(made.fits[0].fitted, said, atol=1e-5 * np.ptp(made.fits[0].targets))
    lines = [line.plain for line in function.draw_function(made, 90, 20, PLAIN)]
    assert lines[1].startswith(f"over {made.input_name}; held: ")


@pytest.mark.parametrize("name", ["people, labels", "people, shares"])
def test_of_labels_and_shares_it_is_their_probability(name: str) -> None:
    run = trained(name)
    made = function.gather(network_of(run))
    assert all(0 <= fit.fitted.min() <= fit.fitted.max() <= 1 for fit in made.fits)


def test_the_inputs_that_vary_are_those_that_tell_most_and_never_change() -> None:
    run = trained("people, classes")
    material = network_of(run).material
    part = material.parts["train"]
    places = [material.input_names.index(name) for name in NUMBERS]
    rows = material.original_inputs(part)[:, places]
    between = [
        np.var([each[part.targets == label].mean() for label in range(3)]) / each.var()
        for each in rows.T
    ]
    first = {places[place] for place in np.argsort(between)[-2:]}
    assert {*held_inputs(material, 2).varying} == first
    assert held_inputs(material, 2).varying == held_inputs(Material(material.history), 2).varying


def test_a_cut_comes_after_what_shows_all_of_a_network() -> None:
    header = trained("people, classes").header
    assert exhibits(header)[0] == "predictions"
    assert exhibits(header)[-1] == "region"
    assert exhibits(trained("a probability").header)[0] == "region"


@pytest.mark.parametrize(
    ("subject", "why"),
    [
        (Subject(classes=True, inputs=9, numbers=1, own=False), "both numbers; this run has 1"),
        (Subject(classes=True, inputs=9, numbers=0, own=False), "both numbers; this run has none"),
        (
            Subject(classes=True, inputs=64, numbers=64, own=False, pictures=True),
            "a row of this run is a picture",
        ),
    ],
)
def test_where_there_is_nothing_to_cut_it_says_so(subject: Subject, why: str) -> None:
    from tui.pictures.gallery import VIEWS

    assert why in VIEWS["region"].missing(subject)


def test_the_inputs_that_vary_may_be_chosen() -> None:
    run = trained("people, classes")
    network = network_of(run)
    network.material.varying = ("joined days", "age")
    made = region.gather(network)
    assert made.names == ("joined days", "age")
    assert "joined year" in made.held
    cells = {name: [value] for name, value in held_cells(run).items()}
    cells |= {"joined days": [8000.0], "age": [33.0]}
    said = made.probabilities(np.array([[8000.0, 33.0]]))
    np.testing.assert_allclose(said, answer(run, cells), atol=1e-5)


@pytest.mark.parametrize(
    ("chosen", "why"),
    [
        (("age",), "two inputs vary in this picture"),
        (("age", "age"), "two inputs vary in this picture"),
        (("age", "job"), "there is no number 'job' that goes in; there are age, joined year"),
    ],
)
def test_what_cannot_vary_is_refused(chosen: tuple[str, ...], why: str) -> None:
    material = network_of(trained("people, classes")).material
    material.varying = chosen
    with pytest.raises(ViewError, match=why):
        held_inputs(material, 2)


def test_inputs_are_chosen_for_pictures_of_some_alone() -> None:
    history = watched(trained("people, classes").folder).history
    with pytest.raises(ViewError, match="--by: says of a run which inputs vary in function and"):
        refuse_view(history, Wish(view="confusion", by="age,job"))
    refuse_view(history, Wish(view="region", by="age, joined days"))
    assert Wish(by="age, joined days").varying == ("age", "joined days")
