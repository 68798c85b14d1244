"""Runs on disks that fill up, from too small for anything to large enough: what says why.

    python -m benchmarks.full_disk 60     as many sizes, up to 700 kB; needs to mount a tmpfs

Each trains in a process that was forked, on a disk of its own. What is asked of each: that the
command says at once that no run can be made, or that its recording can be read and says how it
ended: finished where every step was taken, else failed, and of what.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Final

from engine.errors import EpochalError
from engine.presets import preset as presets
from engine.recording.file import read
from engine.recording.history import History
from engine.runs.folder import RunFolder, create_run
from engine.worker import __main__ as worker

STEPS: Final = 1500
SMALLEST: Final = [8, 12, 16, 24, 32, 48, 64, 68, 72, 76, 80, 84, 88, 92, 96, 104, 112, 120]
"""Sizes in kB at which little or nothing but the reserve has room."""


@contextlib.contextmanager
def disk(kilobytes: int) -> Iterator[Path]:
    """Mount a disk of a size.

    Raises:
        PermissionError: This user may not.
    """
    with tempfile.TemporaryDirectory() as place:
        mount = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", place]
        if os.getuid() or subprocess.run(mount, capture_output=True).returncode:
            raise PermissionError("no tmpfs can be mounted")
        try:
            yield Path(place)
        finally:
            subprocess.run(["umount", "-l", place], check=True)


def train(folder: RunFolder) -> None:
    """Do what a worker does, in a process that was forked."""
    child = os.fork()
    if not child:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 2)
        try:
            worker.work(folder, device="cpu")
        finally:
            os._exit(0)
    os.waitpid(child, 0)


def came_of(kilobytes: int) -> str:
    """Return what came of a run on a disk of a size; ``lost: …`` where that is no answer."""
    text = presets.dumps(presets.load("two-moons", [f"train.steps={STEPS}"]).experiment, full=True)
    with disk(kilobytes) as place:
        try:
            folder = create_run("full", text, place)
        except EpochalError as error:
            return "refused" if "space" in str(error) else f"lost: {error}"
        train(folder)
        history = History()
        try:
            history.extend(read(folder.recording))
        except EpochalError as error:
            return f"lost: {error}"
        end = history.end
        if end is None:
            return "lost: no word"
        if (end.step == STEPS) != (end.status == "finished"):
            return f"lost: {end.status} at step {end.step}: {end.reason}"
        if end.status == "failed" and "space" not in end.reason:
            return f"lost: {end.reason}"
        return end.status


def main(count: int) -> None:
    """Try sizes, and print what came of them."""
    worker._warm_up()
    draw = Random(4)
    larger = sorted(draw.sample(range(121, 700), max(count - len(SMALLEST), 0)))
    told = {size: came_of(size) for size in [*SMALLEST, *larger][:count]}
    for size, words in told.items():
        if words.startswith("lost"):
            print(f"  {size} kB: {words}")
    lost = sum(words.startswith("lost") for words in told.values())
    parts = Counter(words.partition(":")[0] for words in told.values())
    print(", ".join(f"{what} {times}" for what, times in sorted(parts.items())))
    print(f"| a full disk says why | {len(told)} | {len(told) - lost} | {lost} |")
    sys.exit(lost > 0)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 60)
