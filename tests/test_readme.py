"""The README names what there is."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

import pytest
from typer.main import get_command

from tui.cli import app
from tui.pictures.gallery import NAMES as VIEWS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")


@pytest.mark.parametrize("package", ["engine", "tui"])
def test_the_map_names_every_file(package: str) -> None:
    block = re.search(rf"^{package}/.*?(?=^\w)", README, re.MULTILINE | re.DOTALL)
    assert block is not None
    named = set(re.findall(r"^  ([\w.]+)", block[0], re.MULTILINE))
    there = {
        path.name
        for path in (ROOT / package).iterdir()
        if path.suffix in (".py", ".tcss") and not path.name.startswith("__")
    }
    folders = {p.name for p in (ROOT / package).iterdir() if (p / "__init__.py").is_file()}
    assert named == there | folders


def test_every_preset_and_every_command_stands_in_a_table() -> None:
    presets = {path.stem for path in (ROOT / "presets").glob("*.toml")}
    assert presets == set(re.findall(r"^\| `([\w-]+)` \|", README, re.MULTILINE))
    commands = set(get_command(app).commands)  # type: ignore[attr-defined]
    assert {name for name in commands if f"`epochal {name}" not in README} == set()


TEXTBOOK = README.partition("## The textbook")[2].partition("\n## ")[0]
SHOWN = re.findall(r"`epochal ([^`]+)`", TEXTBOOK)


@pytest.mark.parametrize("line", SHOWN)
def test_every_command_of_the_textbook_can_be_given(line: str) -> None:
    name, *arguments = shlex.split(line)
    command = get_command(app).commands[name]  # type: ignore[attr-defined]
    context = command.make_context(name, [*arguments])
    if "--view" in arguments:
        assert context.params["view"] in VIEWS
    words = [
        each for each in arguments if each == "last" or (ROOT / f"presets/{each}.toml").exists()
    ]
    assert words, "it names a preset or a run"


def test_every_experiment_of_the_textbook_has_its_command() -> None:
    """All but further cures of what is shown, and presets that no figure of the textbook is of."""
    presets = {path.stem for path in (ROOT / "presets").glob("*.toml")}
    named = {word for line in SHOWN for word in line.split()}
    others = {"above-and-below", "digits-convolution", "digits-layers", "iris", "sum-of-30-dead"}
    others |= {"circles-features", "imbalanced", "imbalanced-weighted"}
    assert presets - named == others | {"exploding-adam", "exploding-clipped"}


def test_the_commands_for_a_fresh_machine_hold_to_the_constraints() -> None:
    lines = re.findall(r"^python3 -m venv .*$", README, re.MULTILINE)
    assert len(lines) == 2
    assert all("-c constraints.txt" in line for line in lines)


def test_every_dependency_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lists = [project["dependencies"], *project["optional-dependencies"].values()]
    named = {re.split(r"[><=[;]", each)[0].strip().lower() for part in lists for each in part}
    pinned = set(re.findall(r"^([\w-]+)==", (ROOT / "constraints.txt").read_text(), re.MULTILINE))
    assert {"torch", "textual", "pytest"} <= named
    # Of its own extras it takes some together.
    assert named - {"epochal"} <= {name.lower().replace("_", "-") for name in pinned}


def test_the_picture_is_there() -> None:
    (picture,) = re.findall(r"^!\[.*\]\((.*)\)$", README, re.MULTILINE)
    assert "<svg" in (ROOT / picture).read_text("utf-8")[:200]
