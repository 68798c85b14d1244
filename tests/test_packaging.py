"""An installed copy, outside the checkout, has its presets with it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.patience import DEADLINE

ROOT = Path(__file__).parent.parent


def test_an_installed_copy_finds_its_presets(tmp_path: Path) -> None:
    """Lay the packages out as the wheel does, and ask them from an empty directory."""
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"][
        "targets"
    ]["wheel"]
    site, elsewhere = tmp_path / "site", tmp_path / "elsewhere"
    elsewhere.mkdir()
    for package in wheel["packages"]:
        shutil.copytree(
            ROOT / package, site / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    for source, target in wheel["force-include"].items():
        shutil.copytree(ROOT / source, site / target)
    script = (
        "from engine.presets import preset as presets; import engine;"
        "print(engine.__file__); print(presets.load('two-moons').path)"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", script],
        cwd=elsewhere,
        env={"PYTHONPATH": str(site), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=True,
    )
    engine, preset = done.stdout.splitlines()
    assert Path(engine).is_relative_to(site)
    assert Path(preset).is_relative_to(site)


PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
CONSTRAINTS = {
    each.name: each
    for line in (ROOT / "constraints.txt").read_text().splitlines()
    if not line.startswith("#")
    for each in [Requirement(line)]
}
REQUIREMENTS = {
    each.name: each
    for group in (PROJECT["dependencies"], *PROJECT["optional-dependencies"].values())
    for each in map(Requirement, group)
    if each.name != "epochal"
}


@pytest.mark.parametrize("name", REQUIREMENTS)
def test_what_was_tested_together_is_what_is_asked_for(name: str) -> None:
    [pinned] = CONSTRAINTS[name].specifier
    assert pinned.operator == "=="
    assert REQUIREMENTS[name].specifier.contains(pinned.version)


def test_a_file_of_weights_runs_no_code_with_the_oldest_torch_that_is_asked_for() -> None:
    """Before 2.10 ``weights_only`` could be got round."""
    assert not REQUIREMENTS["torch"].specifier.contains("2.9.1")
    assert REQUIREMENTS["torch"].specifier.contains("2.10.0")


def test_the_newest_of_everything_is_tried_with_the_torch_that_is_pinned() -> None:
    done = subprocess.run(
        ["make", "--dry-run", "newest"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert f"'{CONSTRAINTS['torch']}'" in done.stdout
    assert "constraints" not in done.stdout
    other = subprocess.run(
        ["make", "--dry-run", "newest", "TORCH=2.10.0"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "'torch==2.10.0'" in other.stdout


FREE = re.compile(
    r"MIT|BSD|Apache|PSF|Python Software Foundation|ISC|0BSD|Zlib|BSL-1\.0|CC0", re.IGNORECASE
)
"""Licences that ask for no more than their own text, as MIT, BSD, Apache and PSF do."""

OTHERWISE = {
    "hypothesis": "MPL, and only tests use it",
    "pathspec": "MPL, and only mypy uses it",
    "pyte": "LGPL, and only tests use it",
    "tqdm": "MPL for some of its files, unchanged; a search uses it",
}
"""What is under another licence, and why that is all right."""


def licence_of(name: str) -> list[str]:
    """Return the licences that a package says it is under, one by one."""
    about = metadata.metadata(name)
    if expression := about.get("License-Expression"):
        return re.split(r" AND | OR ", re.sub(r"[()]| WITH [\w.-]+", "", expression))
    classified = [each for each in about.get_all("Classifier", []) if "License ::" in each]
    return classified or re.split(r" AND | OR ", about["License"].splitlines()[0])


@pytest.mark.parametrize("name", CONSTRAINTS)
def test_every_licence_is_one_that_lets_everybody_use_it(name: str) -> None:
    try:
        licences = licence_of(name)
    except metadata.PackageNotFoundError:
        pytest.skip("is not installed here")
    bound = [each for each in licences if not FREE.search(each) or "GPL" in each]
    assert bool(bound) == (name in OTHERWISE), licences
