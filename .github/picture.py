"""Draw the README's picture: the lab's own screen, fed a recording that is made on the spot.

    python .github/picture.py

Trains two moons with the engine, opens the recording in the lab without a
terminal, and saves the screen as .github/lab.svg.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path

from tui.lab.state import Opening

from engine.presets import preset as presets
from engine.runs.folder import create_run
from engine.worker.__main__ import work
from tui.app import LabApp
from tui.lab.screen import Lab
from tui.lab.screenshot import svg_of
from tui.panes.network import NetworkPane
from tui.style.glyphs import BLOCKS
from tui.style.look import Look

PICTURE = Path(__file__).with_name("lab.svg")
SIZE = (120, 40)


async def draw(runs_dir: Path) -> None:
    """Record a run, show it, save the screen."""
    preset = presets.load("two-moons")
    run = create_run("two-moons", presets.dumps(preset.experiment, full=True), runs_dir)
    work(run, since=time.time())
    # Blocks: a browser's font may have no braille.
    app = LabApp(Opening(run=run, runs_dir=runs_dir, look=Look(BLOCKS)))
    async with app.run_test(size=SIZE) as pilot:
        lab = app.screen
        assert isinstance(lab, Lab)
        deadline = time.monotonic() + 30
        while lab.view.standing.state != "ended" or lab.draft is None:
            assert time.monotonic() < deadline, "the lab never showed the end of the run"
            await pilot.pause(0.05)
        # What the network does stands where the setup stood.
        lab.bring_up("network")
        lab.place()
        pane = lab.query_one(NetworkPane)
        while "train" not in pane.text:
            assert time.monotonic() < deadline, "the network was never drawn"
            await pilot.pause(0.05)
        await pilot.pause(0.5)
        PICTURE.write_text(svg_of(app, title="epochal"), "utf-8")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(draw(Path(folder)))
