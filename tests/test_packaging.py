"""An installed copy, outside the checkout, has its presets with it."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

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
        timeout=60,
        check=True,
    )
    engine, preset = done.stdout.splitlines()
    assert Path(engine).is_relative_to(site)
    assert Path(preset).is_relative_to(site)
