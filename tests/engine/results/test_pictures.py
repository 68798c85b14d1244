"""What a network that was trained on pictures says of others."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.errors import DataError, RequestError
from engine.presets.preset import resolve
from engine.results.asked_rows import rows_of_file
from engine.results.evaluation.evaluation import evaluation, plain_object
from engine.results.evaluation.judgement import Judgement
from engine.results.evaluation.words import text
from engine.results.predict import answers
from engine.results.run import LoadedRun, of_folder
from tests.trained import recorded
from tui.drawing.network.evaluation import draw_evaluation
from tui.style.look import Look

DARK, BRIGHT = np.zeros((8, 8), np.uint8), np.full((8, 8), 255, np.uint8)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> LoadedRun:
    """A network that tells dark pictures from bright ones."""
    path = tmp_path_factory.mktemp("pictures")
    labels = np.array(["dark", "bright"] * 4)
    images = np.stack([DARK + 9, BRIGHT - 9] * 4)
    np.savez(path / "a.npz", images=images, labels=labels)
    tables = {
        "data": {"kind": "pictures", "path": str(path / "a.npz")},
        "model": {"layers": [{"pool": 4, "mode": "mean"}, {"flatten": True}]},
        "loss": {"name": "cross_entropy"},
        "optimizer": {"name": "adam", "lr": 0.1},
        "train": {"steps": 60},
    }
    folder, _ = recorded(resolve(tables, "x"), path / "run")
    return of_folder(folder)


def test_one_picture_of_any_size_is_asked_about(run: LoadedRun, tmp_path: Path) -> None:
    Image.new("RGB", (30, 20), "white").save(tmp_path / "white.png")
    told = answers(run, rows_of_file(run, tmp_path / "white.png"))
    assert told.classes is not None
    assert [told.target_names[label] for label in told.classes] == ["bright"]
    # In the units of the data: pixels from 0 to 255.
    np.testing.assert_array_equal(told.rows.inputs, np.full((1, 64), 255.0))


def test_a_folder_or_an_archive_is_judged_by_its_names(run: LoadedRun, tmp_path: Path) -> None:
    for name, pixels in (("dark", DARK), ("bright", BRIGHT)):
        (tmp_path / "some" / name).mkdir(parents=True)
        Image.fromarray(pixels).save(tmp_path / "some" / name / "1.png")
    assert answers(run, rows_of_file(run, tmp_path / "some")).figure == ("accuracy", 1.0)
    np.savez(tmp_path / "b.npz", x=np.stack([DARK, BRIGHT]), y=["bright", "dark"])
    assert answers(run, rows_of_file(run, tmp_path / "b.npz")).figure == ("accuracy", 0.0)
    np.savez(tmp_path / "c.npz", x=np.stack([DARK, BRIGHT]), y=["bird", "dark"])
    assert rows_of_file(run, tmp_path / "c.npz").targets is None


def test_what_cannot_be_read_is_named(run: LoadedRun, tmp_path: Path) -> None:
    (tmp_path / "x.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"x\.png: is no PNG or JPEG picture"):
        rows_of_file(run, tmp_path / "x.png")


def test_pictures_are_judged_without_their_pixels(run: LoadedRun, tmp_path: Path) -> None:
    np.savez(tmp_path / "b.npz", x=np.stack([DARK, BRIGHT] * 3), y=["bright", "dark"] * 3)
    made = evaluation(run, rows_of_file(run, tmp_path / "b.npz"), 2, None)
    assert made.figures[0].value == 0
    assert made.importances is None
    told = text(made)
    assert "pictures have no columns whose worth could be said" in told
    assert "1x1" not in told
    assert "trained" not in told
    plain = plain_object(made)
    assert plain["columns"] == []
    assert [each["inputs"] for each in plain["worst"]] == [[], []]
    drawn = draw_evaluation(Judgement.from_plain(plain), 60, Look())
    assert any("the worst rows" in line.plain for line in drawn)


def test_of_other_classes_it_is_said_which_there_may_be(run: LoadedRun, tmp_path: Path) -> None:
    np.savez(tmp_path / "c.npz", x=np.stack([DARK, BRIGHT]), y=["bird", "dark"])
    asked = rows_of_file(run, tmp_path / "c.npz")
    with pytest.raises(RequestError, match=r"it must have no other classes than bright, dark$"):
        evaluation(run, asked, 1, None)


def test_of_its_own_archive_it_is_said_that_it_has_learned_from_it(run: LoadedRun) -> None:
    own = rows_of_file(run, Path(run.header.experiment["data"]["path"]))
    assert own.trained_on
    assert "it has learned from these rows" in text(evaluation(run, own, 1, None))
