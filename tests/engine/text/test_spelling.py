"""The word that is meant by one that was mistyped."""

from __future__ import annotations

import pytest

from engine.components.activations import ACTIVATIONS
from engine.components.optimizers import OPTIMIZERS
from engine.text.spelling import closest, nearest, slips


@pytest.mark.parametrize(
    ("word", "other", "count"),
    [
        *(("adam", "adam", 0), ("", "adam", 4), ("adma", "adam", 1), ("adma", "adamax", 2)),
        *(("adm", "adam", 1), ("adamm", "adam", 1), ("adqm", "adam", 1), ("lr", "rl", 1)),
        ("rmsrpop", "rmsprop", 1),
    ],
)
def test_letters_that_changed_places_are_one_slip(word: str, other: str, count: int) -> None:
    assert slips(word, other) == slips(other, word) == count


@pytest.mark.parametrize("names", [OPTIMIZERS, ACTIVATIONS], ids=["optimizers", "activations"])
def test_whatever_name_has_two_letters_in_each_others_place_is_known_again(
    names: dict[str, object],
) -> None:
    for name in names:
        for at in range(len(name) - 1):
            typed = name[:at] + name[at + 1] + name[at] + name[at + 2 :]
            # Elu and leu, adam and adma: some exchanges lead to a name as near.
            fewest = min(slips(typed, each) for each in names)
            assert closest(typed, names) in [each for each in names if slips(typed, each) == fewest]


def test_of_words_as_near_that_which_is_most_alike_is_meant() -> None:
    assert nearest("adma", OPTIMIZERS) == " (did you mean 'adam'?)"
    assert closest("learning_rat", ["learning", "learning_rate"]) == "learning_rate"
    assert closest("rl", ["batch", "lr"]) == "lr"
    assert nearest("momentum", OPTIMIZERS) == ""
