from __future__ import annotations

from typing import Any

from engine.presets import preset as presets
from tui.drawing.members.labels import labels_of

DAY = "20261121-093000"


def tables(preset: str, *changes: str) -> dict[str, Any]:
    experiment = presets.load(preset, changes).experiment
    return experiment.model_dump(mode="json", exclude_none=True)


def test_runs_of_one_preset_are_called_by_what_differs() -> None:
    found = labels_of(
        {
            f"two-moons-{DAY}-aaaa": tables("two-moons"),
            f"two-moons-{DAY}-bbbb": tables("two-moons", "optimizer.lr=0.5"),
        }
    )
    assert list(found.values()) == ["lr 0.2", "lr 0.5"]


def test_runs_of_different_presets_are_called_by_them() -> None:
    found = labels_of(
        {
            f"vanishing-sigmoid-{DAY}-aaaa": tables("vanishing-sigmoid"),
            f"vanishing-relu-{DAY}-bbbb": tables("vanishing-relu"),
        }
    )
    assert list(found.values()) == ["vanishing-sigmoid", "vanishing-relu"]


def test_a_run_that_changed_its_preset_is_not_called_as_if_it_had_not() -> None:
    relu = "model.activation=relu"
    found = labels_of(
        {
            f"vanishing-sigmoid-changed-{DAY}-aaaa": tables("vanishing-sigmoid", relu),
            f"two-moons-{DAY}-bbbb": tables("two-moons"),
        }
    )
    assert list(found.values()) == ["vanishing-sigmoid, relu", "two-moons"]
    found = labels_of(
        {
            f"vanishing-sigmoid-changed-{DAY}-aaaa": tables("vanishing-sigmoid", relu),
            f"vanishing-sigmoid-{DAY}-bbbb": tables("vanishing-sigmoid"),
        }
    )
    assert list(found.values()) == ["activation relu", "activation sigmoid"]


def test_runs_that_are_the_same_are_told_apart_by_the_end_of_their_names() -> None:
    found = labels_of({f"cubic-{DAY}-{end}": tables("cubic") for end in ("aaaa", "bbbb")})
    assert list(found.values()) == ["cubic aaaa", "cubic bbbb"]


def test_a_label_says_no_more_than_what_matters_most() -> None:
    found = labels_of(
        {
            f"two-moons-{DAY}-aaaa": tables("two-moons"),
            f"two-moons-{DAY}-bbbb": tables(
                "two-moons", "optimizer.lr=0.5", "train.seed=3", "model.hidden=[9]"
            ),
        }
    )
    assert found[f"two-moons-{DAY}-bbbb"] == "lr 0.5, hidden 9"


def test_a_run_that_could_not_start_has_a_name_all_the_same() -> None:
    found = labels_of({f"cubic-{DAY}-aaaa": tables("cubic"), f"cubic-{DAY}-bbbb": {}})
    assert all(found.values())
