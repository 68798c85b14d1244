"""Other programs' names for numbers are understood, and no two are taken for one."""

from __future__ import annotations

import pytest

from engine.recording.naming import Meaning, Meanings, meaning_of, numbered, role_of


@pytest.mark.parametrize(
    ("name", "role", "column"),
    [
        # Keras
        ("loss", "train", "loss"),
        ("val_loss", "dev", "loss"),
        ("acc", "train", "accuracy"),
        ("val_sparse_categorical_accuracy", "dev", "accuracy"),
        ("learning_rate", "train", "lr"),
        ("train/epoch_loss", "train", "loss"),
        ("validation/epoch_accuracy", "dev", "accuracy"),
        # Lightning
        ("train_loss", "train", "loss"),
        ("train_loss_step", "train", "loss"),
        ("train_loss_epoch", "epoch", "loss"),
        ("val_loss_epoch", "dev", "loss"),
        ("lr-Adam", "train", "lr"),
        ("test_acc", "test", "accuracy"),
        # Hugging Face
        ("train/loss", "train", "loss"),
        ("train/grad_norm", "train", "grad_norm"),
        ("eval/accuracy", "dev", "accuracy"),
        ("eval/runtime", "dev", "runtime"),
        # PyTorch's examples
        ("Loss/train", "train", "loss"),
        ("Loss/test", "test", "loss"),
        ("Accuracy/validation", "dev", "accuracy"),
        ("training loss", "train", "loss"),
        # anything else
        ("loss_D", "other", "loss_D"),
        ("fid", "other", "fid"),
        ("val_f1", "dev", "f1"),
        ("trainable_parameters", "other", "trainable_parameters"),
        ("val_", "other", "val_"),
        ("train", "other", "train"),
        ("", "other", ""),
        ("\x1b[2J", "other", "\x1b[2J"),
    ],
)
def test_a_name_has_a_meaning(name: str, role: str, column: str) -> None:
    assert meaning_of(name) == Meaning(role, column)


def test_no_two_names_mean_the_same() -> None:
    meanings = Meanings()
    names = ["loss", "train_loss", "train/loss", "Loss/train", "val_loss", "eval_loss", "loss"]
    assert len({meanings.of(name) for name in names}) == 6
    assert meanings.of("loss") == Meaning("train", "loss")
    assert meanings.of("eval_loss") == Meaning("other", "eval_loss")


def test_the_role_of_a_group_stands_in_its_name() -> None:
    assert [numbered("train", number) for number in (1, 2)] == ["train", "train 2"]
    assert [role_of(each) for each in ("train", "train 2")] == ["train", "train"]
