"""What the lab shows of a network that is too large for its recording."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from engine.presets import preset as presets
from engine.recording.loading import load_history
from tests.trained import recorded
from tui.pictures.shown import Stock, captions_of, draw_shown
from tui.pictures.still import PLAIN
from tui.watching.view import View


@pytest.fixture
def view(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> View:
    """A run that is over, of which the recording has no weights, and at its result."""
    for limit in ("SNAPSHOT_LIMIT", "ENDS_LIMIT"):
        monkeypatch.setattr(f"engine.training.snapshots.{limit}", 20)
        monkeypatch.setattr(f"engine.recording.kept_weights.{limit}", 20)
    tables = ["train.epochs=3", "train.evaluate_every=1"]
    folder, _ = recorded(presets.load("iris", tables).experiment, tmp_path / "iris")
    history = load_history(folder.recording)
    assert history.snapshot_steps == []
    return View(
        history=history,
        run="iris",
        folder=folder.path,
        step=history.last_step,
        weights="best",
        exhibit="confusion",
    )


def shown(view: View, stock: Stock | None) -> str:
    return "\n".join(line.plain for line in draw_shown(view, stock, 100, 20, PLAIN))


def test_once_it_is_over_its_checkpoint_is_shown(view: View) -> None:
    stock = Stock.of(view)
    assert stock is not None
    assert stock.read() == ""
    stock.ready = True
    text = shown(view, stock)
    assert "virginica" in text
    assert "Of 67 numbers only these are kept." in text
    title, whose = captions_of(view, stock, 60, PLAIN)
    assert title == "Confusion matrix"
    assert "the best" in whose


def test_until_then_it_says_when(view: View) -> None:
    before = Stock.of(replace(view, weights=""))
    assert before is not None
    assert before.read() == ""
    before.ready = True
    text = " ".join(shown(replace(view, weights=""), before).split())
    assert "what it does is shown once it is over" in text
    # Its data is not drawn again for the weights that come now.
    assert not before.serves(view)
    after = Stock.of(view, before)
    assert after is not None
    assert after.material.parts is before.material.parts
