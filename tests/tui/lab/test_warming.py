"""What draws a run is there before anybody starts one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.labs import FakeRun
from tests.patience import DEADLINE

SHOW = """
import asyncio, sys, threading
from pathlib import Path
from engine.runs.folder import RunFolder
from tui.app import LabApp
from tui.lab import ticking, warming
from tui.opening import make_opening

missed = []

class Noticed:
    @staticmethod
    def find_spec(name, path=None, target=None):
        # What gets the setup ready runs beside, in a thread of its own.
        if threading.current_thread() is threading.main_thread():
            missed.append(name)

async def show(run):
    # The lab's own first frame comes before it.
    empty = make_opening("braille", runs_dir=run.path.parent, read_only=True)
    async with LabApp(empty).run_test(size=(120, 40)) as pilot:
        await pilot.pause()
    warming.warm_pictures()
    sys.meta_path.insert(0, Noticed)
    lab = LabApp(make_opening("braille", runs_dir=run.path.parent, run=run, read_only=True))
    async with lab.run_test(size=(120, 40)) as pilot:
        while "loss" not in "".join(strip.text for strip in lab.screen._compositor.render_strips()):
            await pilot.pause()
        found = [*missed]
        sys.meta_path.remove(Noticed)
    own = ("tui.drawing", "tui.watching", "engine.diagnosis", "engine.recording", "plotext")
    print(*(name for name in found if name.startswith(own)))

asyncio.run(show(RunFolder(Path(sys.argv[1]))))
"""


def test_the_first_frame_of_a_run_imports_nothing_more(tmp_path: Path) -> None:
    run = FakeRun(tmp_path).begin()
    run.train([0.9, 0.5])
    done = subprocess.run(
        [sys.executable, "-c", SHOW, str(run.folder.path)],
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    run.close()
    assert (done.returncode, done.stdout.split()) == (0, []), done.stderr + done.stdout
