"""Pictures as data: a folder with a folder for each class, or an archive, within limits."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pydantic import TypeAdapter

from engine.data import Data, DataBase, load, picture_files
from engine.errors import PresetError
from engine.presets.preset import resolve
from engine.training.trainer import Trainer

PIXELS = np.random.default_rng(0).integers(0, 256, (12, 6, 5, 3), dtype=np.uint8)
LABELS = np.array([0, 1, 2] * 4)


def pictures(path: Path, **keys: Any) -> DataBase:
    said = {"kind": "pictures", "path": str(path), **keys}
    data: DataBase = TypeAdapter(Data).validate_python(said)
    return data


def refused(path: Path, **keys: Any) -> str:
    """Return why a preset with these pictures is refused."""
    data = {"kind": "pictures", "path": str(path), **keys}
    with pytest.raises(PresetError) as error:
        resolve({"data": data, "loss": {"name": "cross_entropy"}}, "x")
    return "\n".join(f"{each.key}: {each.message}" for each in error.value.problems)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two cats and a dog, with what a file manager leaves there."""
    for name in ("cat", "dog"):
        (tmp_path / "pets" / name).mkdir(parents=True)
    for index, name in enumerate(("cat/b.png", "cat/a.png", "dog/c.PNG")):
        Image.fromarray(PIXELS[index]).save(tmp_path / "pets" / name)
    (tmp_path / "pets" / "cat" / ".DS_Store").write_bytes(b"x")
    (tmp_path / "pets" / "readme.txt").write_text("pets")
    return tmp_path / "pets"


def archive(path: Path, **arrays: Any) -> Path:
    np.savez(path / "a.npz", **arrays)
    return path / "a.npz"


def test_a_folder_has_a_class_for_each_folder(folder: Path) -> None:
    data = pictures(folder, colour="rgb")
    examples = data.draw(np.random.default_rng())
    assert data.target_names == ["cat", "dog"]
    assert data.row_shape == (3, 6, 5)
    assert examples.targets.tolist() == [0, 0, 1]
    # By name, each channel for itself: red first.
    np.testing.assert_array_equal(examples.inputs[0], PIXELS[1].transpose(2, 0, 1).ravel())
    assert data.input_names[0] == "red 1x1"
    assert data.input_names[-1] == "blue 6x5"


def test_folder_and_archive_have_the_same_greys(folder: Path, tmp_path: Path) -> None:
    one = pictures(folder).draw(np.random.default_rng()).inputs
    other = pictures(archive(tmp_path, images=PIXELS[[1, 0, 2]], labels=[0, 0, 1]))
    np.testing.assert_array_equal(one, other.draw(np.random.default_rng()).inputs)
    small = pictures(folder, size=[2, 3])
    assert small.row_shape == (1, 2, 3)
    same = pictures(tmp_path / "a.npz", size=[2, 3], colour="grey").draw(np.random.default_rng())
    assert np.abs(small.draw(np.random.default_rng()).inputs - same.inputs.astype(int)).max() <= 1


def test_pixels_are_scaled_to_1_and_the_recording_knows_it(tmp_path: Path) -> None:
    dataset = load(pictures(archive(tmp_path, x=PIXELS[..., 0], y=LABELS)), 1)
    np.testing.assert_array_equal(
        np.sort(dataset.train.inputs.ravel()), np.sort(PIXELS[..., 0].ravel() / np.float32(255))
    )
    raw = PIXELS[:2, ..., 0].reshape(2, -1)
    np.testing.assert_array_equal(dataset.scaling.scale_inputs(raw), raw / np.float32(255))


def test_a_test_set_of_its_own_stays_the_test_set(tmp_path: Path) -> None:
    train, test = PIXELS[:9, ..., 0], PIXELS[9:, ..., 0]
    labels = np.array(["c", "a", "b"])[LABELS]
    path = archive(tmp_path, x_train=train, y_train=labels[:9], x_test=test, y_test=labels[9:])
    data = pictures(path, split=[6, 2], scale_inputs="none")
    assert data.sizes == (6, 2, 3)
    assert data.target_names == ["a", "b", "c"]
    for seed in (1, 2):
        dataset = load(data, seed)
        assert dataset.test is not None
        np.testing.assert_array_equal(dataset.test.inputs, test.reshape(3, -1))
        assert dataset.test.targets.tolist() == [2, 0, 1]
        assert len(dataset.train) == 6
    assert load(pictures(path), 1).dev is None
    assert pictures(path, split=[0.5, 0.5]).sizes == (4, 4, 3)
    assert "give two numbers" in refused(path, split=[0.5, 0.2, 0.3])
    assert "asks for 10 rows of 9" in refused(path, split=[6, 4])


def sorted_folder(path: Path, *names: str) -> Path:
    """Return a folder with one for each set, each with two cats and a dog."""
    for at, name in enumerate(names):
        for place, which in enumerate(("cat/a.png", "cat/b.png", "dog/c.png")):
            picture = path / "sorted" / name / which
            picture.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(PIXELS[3 * at + place]).save(picture)
    return path / "sorted"


@pytest.mark.parametrize("dev", ["dev", "val", "Validation"])
def test_folders_say_the_set_where_the_preset_says_so(tmp_path: Path, dev: str) -> None:
    data = pictures(sorted_folder(tmp_path, "train", dev, "test"), split_by="folders", colour="rgb")
    assert (data.sizes, data.target_names) == ((3, 3, 3), ["cat", "dog"])
    for seed in (1, 2):
        dataset = load(data, seed)
        assert dataset.dev is not None
        assert dataset.test is not None
        rows = PIXELS.transpose(0, 3, 1, 2).reshape(12, -1) / np.float32(255)
        np.testing.assert_array_equal(dataset.dev.inputs, rows[3:6])
        np.testing.assert_array_equal(dataset.test.inputs, rows[6:9])
        assert dataset.test.targets.tolist() == [0, 0, 1]
        assert sorted(map(tuple, dataset.train.inputs)) == sorted(map(tuple, rows[:3]))


def test_a_folder_for_train_is_parted_where_there_is_none_for_dev(tmp_path: Path) -> None:
    path = sorted_folder(tmp_path, "train", "test")
    assert pictures(path, split_by="folders").sizes == (3, 0, 3)
    assert pictures(path, split_by="folders", split=[2, 1]).sizes == (2, 1, 3)
    assert pictures(sorted_folder(tmp_path, "train", "val"), split_by="folders").sizes == (3, 3, 3)


def test_folders_of_sets_are_taken_for_nothing_else(tmp_path: Path) -> None:
    path = sorted_folder(tmp_path, "train", "val")
    said = refused(path)
    assert "train/cat: is a folder, and train is called like a set; set data.split_by" in said
    by = {"split_by": "folders"}
    assert "split: each set has a folder of its own" in refused(path, split=[2, 1], **by)
    (path / "val" / "owl").mkdir()
    Image.fromarray(PIXELS[0]).save(path / "val" / "owl" / "a.png")
    assert "val/owl: is a class of which the training set has no picture" in refused(path, **by)
    sorted_folder(tmp_path, "dev")
    assert "dev and val: are for the same set" in refused(path, **by)
    (path / "cats").mkdir()
    assert "cats: is for none of the sets" in refused(path, **by)
    other = sorted_folder(tmp_path / "other", "test")
    assert "has no folder train" in refused(other, **by)
    npz = archive(tmp_path, images=PIXELS, labels=LABELS)
    assert "is no folder with one for each set" in refused(npz, **by)


def test_layers_train_on_pictures_as_they_are(tmp_path: Path) -> None:
    data = {"kind": "pictures", "path": str(archive(tmp_path, images=PIXELS, labels=LABELS))}
    tables = {
        "data": {**data, "colour": "rgb"},
        "model": {"layers": [{"conv": 2}, {"pool": 2}, {"flatten": True}]},
        "loss": {"name": "cross_entropy"},
        "train": {"steps": 3},
    }
    experiment = resolve(tables, "x")
    assert experiment.row_shape == (3, 6, 5)
    trainer = Trainer(experiment)
    trainer.advance(3)
    assert trainer.step == 3


BROKEN: dict[str, tuple[str, bytes]] = {
    "is no PNG or JPEG picture": ("cat/x.png", b"no picture"),
    "is no PNG or JPEG picture, or a damaged one": ("cat/half.png", b""),
    "its name must end in .png or .jpg": ("dog/notes.txt", b"x"),
    "lies beside the folders of the classes": ("lost.png", b"x"),
}


@pytest.mark.parametrize("words", BROKEN)
def test_what_is_no_picture_is_named(folder: Path, words: str) -> None:
    name, body = BROKEN[words]
    (folder / name).write_bytes(body or (folder / "cat/a.png").read_bytes()[:60])
    said = refused(folder)
    assert words in said
    assert name in said


def test_no_link_is_followed(folder: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.png"
    Image.fromarray(PIXELS[0]).save(secret)
    (folder / "cat" / "z.png").symlink_to(secret)
    assert "cat/z.png: is a link, and none is followed" in refused(folder)
    (folder / "cat" / "z.png").unlink()
    (folder / "owl").symlink_to(tmp_path)
    assert "pets/owl: is a link" in refused(folder)


def test_pictures_are_bounded_before_they_are_decoded(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.new("RGB", (30, 40)).save(folder / "dog" / "large.png")
    other = "dog/large.png: has 40 by 30 pixels, the others have 6 by 5 pixels; set data.size"
    assert other in refused(folder)
    limits = {"MOST_PIXELS": 1000, "MOST_FILES": 3, "MOST_BYTES": 50, "MOST_IN_ALL": 100}
    words = {
        "MOST_PIXELS": "million pixels; at most",
        "MOST_FILES": "has more than 3 pictures",
        "MOST_BYTES": "at most 5e-05 MB are read",
        "MOST_IN_ALL": "all pictures would be",
    }
    for name, limit in limits.items():
        with monkeypatch.context() as patched:
            patched.setattr(picture_files, name, limit)
            # Another size each time: what was read once is not read again.
            assert words[name] in refused(folder, size=[len(name), 5])
    assert "at most 65536 are read; set data.size" in refused(folder, size=[300, 300])


def test_sixteen_bits_and_animations_are_refused(folder: Path) -> None:
    Image.fromarray(np.full((6, 5), 40_000, np.uint16)).save(folder / "cat" / "deep.png")
    assert "cat/deep.png: has pixels of the kind 'I;16'; save it with 8 bits" in refused(folder)
    (folder / "cat" / "deep.png").unlink()
    frames = [Image.fromarray(each) for each in PIXELS[:2]]
    frames[0].save(folder / "cat" / "moves.png", save_all=True, append_images=frames[1:])
    assert "cat/moves.png: is animated" in refused(folder)


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"a": PIXELS}, "has no pictures and labels: x_train and y_train"),
        ({"images": PIXELS / 255, "labels": LABELS}, "is of float64; must be uint8"),
        ({"images": PIXELS[..., 0, 0], "labels": LABELS}, "pictures are [rows, height, width]"),
        ({"images": PIXELS, "labels": LABELS[:3]}, "'labels': has 3 rows, 'images' 12"),
        ({"images": PIXELS, "labels": np.eye(3)[LABELS]}, "y.argmax(axis=1) gives them"),
        ({"images": PIXELS, "labels": LABELS * 0}, "its labels are of 1 classes"),
    ],
)
def test_an_archive_that_does_not_hold_says_why(
    arrays: dict[str, Any], words: str, tmp_path: Path
) -> None:
    said = refused(archive(tmp_path, **arrays))
    assert said.startswith("data.path: a.npz: ")
    assert words in said


def test_an_archive_that_says_more_than_it_has_is_refused(tmp_path: Path) -> None:
    path = archive(tmp_path, images=PIXELS, labels=LABELS)
    with zipfile.ZipFile(path) as whole:
        body = {name: whole.read(name) for name in whole.namelist()}
    header = io.BytesIO()
    shape = {"descr": "|u1", "fortran_order": False, "shape": (10**9, 28, 28)}
    np.lib.format.write_array_header_1_0(header, shape)
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("images.npy", header.getvalue() + b"abc")
        made.writestr("labels.npy", body["labels.npy"])
    assert "it has fewer bytes than it says" in refused(path)
    path.write_bytes(b"PK\x03\x04 no archive")
    assert "is no NPZ archive, or a damaged one" in refused(path)


def test_a_picture_without_pillow_says_what_to_install(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "PIL", None)
    assert "pip install 'epochal[pictures]'" in refused(folder, size=[4, 4])
