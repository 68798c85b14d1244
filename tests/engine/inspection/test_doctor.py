"""What is said of a machine and of the way each preset takes on it."""

from __future__ import annotations

import pytest

from engine.gradients import choice
from engine.inspection import doctor
from engine.inspection.doctor import PresetWay, machine, text, ways


def test_all_that_a_way_depends_on_is_said() -> None:
    assert [*machine()] == [
        *("epochal", "processor", "compiler", "compiled steps", "threads", "CUDA", "terminal")
    ]


def test_why_there_are_no_compiled_steps_is_said_once(monkeypatch: pytest.MonkeyPatch) -> None:
    why = "no C compiler was found; install one"
    monkeypatch.setattr(doctor, "why_none", lambda: why)
    monkeypatch.setattr(choice, "why_none", lambda real: why)
    about, listed = machine(), {each.preset: each for each in ways()}
    assert about["compiled steps"] == why
    assert listed["cubic"] == PresetWay(
        "cubic", "manual", "operations", f"operation by operation, as {why}"
    )
    assert listed["automatic-update"].why == "it is what the preset asks for"
    told = text(about, [*listed.values()])
    assert told.count(why) == 1
    assert "operation by operation, as said above" in told
