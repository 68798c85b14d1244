"""The key that draws another run beside the one that is shown."""

from __future__ import annotations

import os
from pathlib import Path

from tests.labs import FakeRun, lab_of, make_app, until


async def test_a_lab_that_was_opened_anew_compares_with_the_last_run_in_the_list(
    tmp_path: Path,
) -> None:
    runs = [FakeRun(tmp_path).begin() for _ in range(3)]
    for index, run in enumerate(runs):
        run.train([1.0] * 5)
        run.end()
        run.close()
        # Of one second, the files say which is the newest.
        stamp = 1_700_000_000 + index
        for path in (run.folder.experiment_file, run.folder.recording):
            os.utime(path, (stamp, stamp))
    oldest, middle, newest = (run.folder for run in runs)
    app, _ = make_app(tmp_path)
    async with app.run_test(size=(120, 40)) as pilot:
        lab = lab_of(pilot)
        for shown, beside in ((newest, middle), (oldest, newest)):
            lab.cast.clear()
            lab.cast._before = None
            lab.runs.show(shown)
            await until(pilot, lambda: lab.view.step == 5)
            await pilot.press("2", "c")
            await until(pilot, lambda: lab.cast.others)
            assert [watch.folder.name for watch in lab.cast.others] == [beside.name]
            await pilot.press("c")
            await until(pilot, lambda: not lab.cast.others)


async def test_a_run_that_is_alone_has_nothing_to_be_compared_with(tmp_path: Path) -> None:
    run = FakeRun(tmp_path).begin()
    run.train([1.0] * 5)
    app, _ = make_app(tmp_path)
    async with app.run_test(size=(120, 40)) as pilot:
        lab = lab_of(pilot)
        lab.runs.show(run.folder)
        await until(pilot, lambda: lab.view.step == 5)
        await pilot.press("2", "c")
        said = "There is no other run to compare with."
        await until(pilot, lambda: any(said in entry.words for entry in lab.entries))
        assert not lab.cast.others
    run.close()
