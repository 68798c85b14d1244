"""What goes between a presenter and those who follow, through nothing but a folder."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.runs.finding import find_run
from engine.runs.folder import RunFolder
from engine.text.safe import plain
from tests.patience import DEADLINE
from tests.runs import end, record, rows
from tui.lecture.presented import Presented, PresentedError, Programme, ShownRun, read
from tui.lecture.presenting import (
    BEAT,
    FOLDER,
    GONE,
    MAX_BYTES,
    PERIOD,
    Audience,
    Presenter,
    find_presented,
    path_of,
    presentations,
)


class Time:
    """A clock that stands still until it is moved."""

    def __init__(self, at: float = 1000.0) -> None:
        self.at = at

    def __call__(self) -> float:
        return self.at


def of_run(name: str, **changes: Any) -> Presented:
    return Presented(runs=(ShownRun(place=name),), **changes)


def presence(audience: Audience) -> str:
    """Return who is there, asked anew."""
    return audience.presence


# --- when it is said ------------------------------------------------------------------------


def test_what_is_shown_is_read_by_everybody(tmp_path: Path) -> None:
    presenter = Presenter(tmp_path, "gradients", Time())
    first, second = Audience(tmp_path, "gradients"), Audience(tmp_path, "gradients")
    assert (first.poll(), presence(first)) == (None, "nobody")
    presenter.show(of_run("a-run", head=7))
    assert first.poll() == second.poll() == of_run("a-run", head=7)
    assert presence(first) == presence(second) == "here"


def test_it_writes_only_what_is_new_and_ten_times_a_second_at_most(tmp_path: Path) -> None:
    clock = Time()
    presenter, path = Presenter(tmp_path, "gradients", clock), path_of(tmp_path, "gradients")
    presenter.show(of_run("a-run", head=1))
    first = path.read_bytes()
    presenter.show(of_run("a-run", head=2))
    assert path.read_bytes() == first
    clock.at += PERIOD
    presenter.show(of_run("a-run", head=3))
    second = path.read_bytes()
    assert read(second).presented.head == 3
    clock.at += BEAT - 0.01
    presenter.show(of_run("a-run", head=3))
    assert path.read_bytes() == second
    clock.at += 0.01
    presenter.show(of_run("a-run", head=3))
    assert path.read_bytes() != second
    assert read(path.read_bytes()).presented == read(second).presented


def test_a_presenter_who_closes_leaves_nothing_behind(tmp_path: Path) -> None:
    audience = Audience(tmp_path, "gradients")
    with closing(Presenter(tmp_path, "gradients")) as presenter:
        presenter.show(of_run("a-run"))
        assert audience.poll() is not None
    assert list(tmp_path.iterdir()) == []
    assert audience.poll() == of_run("a-run")
    assert presence(audience) == "gone"
    presenter.show(of_run("another"))
    assert list(tmp_path.iterdir()) == []


def test_one_who_closes_leaves_another_ones_file(tmp_path: Path) -> None:
    with closing(Presenter(tmp_path, "functions")) as other:
        other.show(of_run("b-run"))
        with closing(Presenter(tmp_path, "gradients")) as presenter:
            presenter.show(of_run("a-run"))
        assert [each.name for each in presentations(tmp_path)] == ["functions"]


def test_a_presenter_who_says_nothing_for_ten_seconds_is_gone(tmp_path: Path) -> None:
    clock, theirs = Time(), Time()
    presenter, audience = Presenter(tmp_path, "x", theirs), Audience(tmp_path, "x", clock)
    presenter.show(of_run("a-run"))
    audience.poll()
    for _ in range(4):
        clock.at += BEAT + 1
        theirs.at += BEAT + 1
        presenter.show(of_run("a-run"))
        audience.poll()
        assert presence(audience) == "here"
    clock.at += GONE + 1
    assert audience.poll() == of_run("a-run")
    assert presence(audience) == "gone"
    theirs.at += GONE
    presenter.show(of_run("a-run"))
    audience.poll()
    assert presence(audience) == "here"


def test_a_file_that_was_left_long_ago_is_nobodys(tmp_path: Path) -> None:
    Presenter(tmp_path, "x").show(of_run("a-run"))
    old = time.time() - GONE - 5
    os.utime(path_of(tmp_path, "x"), (old, old))
    audience = Audience(tmp_path, "x")
    assert audience.poll() == of_run("a-run")
    assert presence(audience) == "gone"
    assert find_presented(tmp_path, "x") is None


def test_a_presenter_whose_clock_is_wrong_is_here_as_long_as_the_file_changes(
    tmp_path: Path,
) -> None:
    clock = Time()
    presenter, audience = Presenter(tmp_path, "x", clock), Audience(tmp_path, "x")
    presenter.show(of_run("a-run"))
    audience.poll()
    clock.at += PERIOD
    presenter.show(of_run("a-run", head=1))
    os.utime(path_of(tmp_path, "x"), (0, 0))
    audience.poll()
    assert presence(audience) == "here"


def test_a_torn_file_is_read_again_and_what_was_shown_stays(tmp_path: Path) -> None:
    clock = Time()
    presenter, audience = Presenter(tmp_path, "x", clock), Audience(tmp_path, "x")
    presenter.show(of_run("a-run", head=1))
    audience.poll()
    path = path_of(tmp_path, "x")
    clock.at += PERIOD
    presenter.show(of_run("a-run", head=2))
    whole = path.read_bytes()
    for torn in (whole[: len(whole) // 2], b"", b"\0" * len(whole), b"x" * (MAX_BYTES + 10)):
        path.write_bytes(torn)
        assert audience.poll() == of_run("a-run", head=1)
        assert presence(audience) == "here"
    path.write_bytes(whole)
    assert audience.poll() == of_run("a-run", head=2)


def test_a_file_that_is_away_for_a_moment_is_there_again(tmp_path: Path) -> None:
    presenter, audience = Presenter(tmp_path, "x", Time()), Audience(tmp_path, "x")
    presenter.show(of_run("a-run"))
    audience.poll()
    path = path_of(tmp_path, "x")
    path.rename(tmp_path / "away")
    assert audience.poll() == of_run("a-run")
    (tmp_path / "away").rename(path)
    assert audience.poll() == of_run("a-run")
    assert presence(audience) == "here"


def test_a_newer_version_is_refused_by_name_and_what_was_shown_stays(tmp_path: Path) -> None:
    presenter, audience = Presenter(tmp_path, "x", Time()), Audience(tmp_path, "x")
    presenter.show(of_run("a-run"))
    audience.poll()
    path = path_of(tmp_path, "x")
    mine = path.read_bytes()
    path.write_text('{"format": 2, "all": "else"}')
    with pytest.raises(PresentedError):
        read(path.read_bytes())
    assert audience.poll() == of_run("a-run")
    assert "update" in audience.trouble
    path.write_bytes(mine.replace(b'"head": null', b'"head": 4'))
    assert audience.poll() == of_run("a-run", head=4)
    assert audience.trouble == ""


def test_what_is_no_file_holds_nobody_up(tmp_path: Path) -> None:
    path = path_of(tmp_path, "x")
    path.parent.mkdir()
    os.mkfifo(path)
    audience = Audience(tmp_path, "x")
    assert audience.poll() is None
    assert str(path) in audience.trouble
    assert presentations(tmp_path) == []
    path.unlink()
    path.mkdir()
    assert audience.poll() is None


def test_whoever_begins_last_is_followed_and_the_first_falls_silent(tmp_path: Path) -> None:
    clock = Time()
    first, last = Presenter(tmp_path, "x", clock), Presenter(tmp_path, "x", clock)
    first.show(of_run("old"))
    last.show(of_run("new"))
    for _ in range(3):
        clock.at += BEAT
        first.show(of_run("old"))
        last.show(of_run("new"))
    assert first.replaced
    assert not last.replaced
    first.close()
    audience = Audience(tmp_path, "x")
    assert audience.poll() == of_run("new")


def test_where_nothing_can_be_written_it_says_so_and_tries_again(tmp_path: Path) -> None:
    clock, place = Time(), tmp_path / "runs"
    place.write_text("a file where the folder should be")
    presenter = Presenter(place, "x", clock)
    presenter.show(of_run("a-run"))
    assert "nobody can follow" in presenter.trouble
    place.unlink()
    presenter.show(of_run("a-run"))
    assert presenter.trouble
    clock.at += BEAT
    presenter.show(of_run("a-run"))
    assert presenter.trouble == ""
    assert Audience(place, "x").poll() == of_run("a-run")


@given(st.text(max_size=200))
def test_whatever_the_name_the_file_is_in_its_folder(name: str) -> None:
    path = path_of(Path("runs"), name)
    assert path.parent == Path("runs") / FOLDER
    assert not path.name.startswith(".")
    assert path.suffix == ".json"


# --- whom to follow -------------------------------------------------------------------------


def a_run(folder: Path, name: str) -> RunFolder:
    run = RunFolder(folder / name)
    record(run, rows(1, [0.5, 0.4, 0.3]), end())
    return run


def test_one_follows_a_lecture_by_its_name_and_a_run_by_its_own(tmp_path: Path) -> None:
    for name in ("moons-1", "moons-2", "xor-1", "iris-1"):
        a_run(tmp_path, name)
    lecture = Programme(lecture="gradients")
    with (
        closing(Presenter(tmp_path, "gradients")) as one,
        closing(Presenter(tmp_path, "moons-2")) as two,
    ):
        assert find_presented(tmp_path) is None
        one.show(of_run("xor-1", programme=lecture))
        two.show(Presented(runs=(ShownRun(place="moons-2"), ShownRun(place="xor-1", slot=1))))
        assert find_presented(tmp_path, "gradients") == "gradients"
        assert find_presented(tmp_path, "moons-2") == "moons-2"
        assert find_presented(tmp_path, "xor") == "gradients"
        assert find_presented(tmp_path) in ("gradients", "moons-2")
        for nobody in ("iris-1", "moons-1", "moons", "nothing"):
            assert find_presented(tmp_path, nobody) is None
    assert find_run("moons-2", tmp_path).name == "moons-2"


def test_presentations_are_no_runs(tmp_path: Path) -> None:
    run = a_run(tmp_path, "moons-1")
    with closing(Presenter(tmp_path, "moons-1")) as presenter:
        presenter.show(of_run("moons-1"))
        assert find_run("last", tmp_path) == run


def test_neither_side_needs_a_screen() -> None:
    script = (
        "import sys, tui.lecture.presenting, tui.lecture.following, tui.lecture.prompter;"
        "print(*({'textual', 'torch', 'pydantic'} & {*sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert done.stdout.split() == []


# --- two processes --------------------------------------------------------------------------

WRITER = """
import sys, time
from contextlib import closing
from pathlib import Path
from dataclasses import replace
from tui.lecture.presenting import Presented, Presenter
from tui.lecture.presented import Programme, ShownRun

steps = int(sys.argv[2])
with closing(Presenter(Path(sys.argv[1]), "gradients")) as presenter:
    for head in range(steps):
        said = Presented(
            runs=(ShownRun(place="a-run"),),
            head=head,
            programme=Programme(notes=f"{head} " * (head % 7 * 400)),
        )
        while presenter._said != said:
            presenter.show(said)
            time.sleep(0.001)
    print("said", flush=True)
    while not sys.stdin.readline():
        pass
"""


@contextlib.contextmanager
def writer(folder: Path, steps: int) -> Iterator[subprocess.Popen[str]]:
    script = WRITER.replace(
        "import sys", "import tui.lecture.presenting as p; p.PERIOD = 0.002\nimport sys"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(folder), str(steps)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_two_processes_on_one_folder_see_whole_messages_in_order(tmp_path: Path) -> None:
    audience, another = (Audience(tmp_path, "gradients") for _ in range(2))
    heads: list[int] = []
    deadline = time.monotonic() + DEADLINE
    with writer(tmp_path, 100) as process:
        while not heads or heads[-1] < 99:
            assert time.monotonic() < deadline, f"seen: {heads}"
            with contextlib.suppress(FileNotFoundError):
                # Replaced in one go: at no moment is there half of a file.
                read(path_of(tmp_path, "gradients").read_bytes())
            shown = audience.poll()
            if shown is not None:
                assert shown.head is not None
                # Never half of a message: its parts belong together.
                assert shown.programme.notes == plain(f"{shown.head} " * (shown.head % 7 * 400))
                heads.append(shown.head)
        assert heads == sorted(heads)
        assert len(set(heads)) > 1
        assert another.poll() == audience.poll()
        assert presence(audience) == "here"
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
        assert process.wait(DEADLINE) == 0
    audience.poll()
    assert presence(audience) == "gone"
    assert list(tmp_path.iterdir()) == []


def test_one_who_is_killed_is_gone_ten_seconds_later(tmp_path: Path) -> None:
    clock = Time()
    audience = Audience(tmp_path, "gradients", clock)
    with writer(tmp_path, 1) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "said\n"
        assert audience.poll() is not None
        assert presence(audience) == "here"
    clock.at += GONE + 1
    assert audience.poll() == replace(of_run("a-run"), head=0)
    assert presence(audience) == "gone"


def test_no_link_is_followed_to_present(tmp_path: Path) -> None:
    runs, outside = tmp_path / "runs", tmp_path / "outside"
    for folder in (runs, outside):
        folder.mkdir(mode=0o700)
    (runs / FOLDER).symlink_to(outside)
    presenter = Presenter(runs, "x", share="all")
    presenter.show(of_run("a-run"))
    assert "nobody can follow: it cannot be written: is a link" in presenter.trouble
    assert (list(outside.iterdir()), outside.stat().st_mode & 0o777) == ([], 0o700)


def test_who_shares_lets_others_in_where_somebody_presents_to_nobody(tmp_path: Path) -> None:
    own, shared = Presenter(tmp_path, "own"), Presenter(tmp_path, "shared", share="group")
    with closing(own), closing(shared):
        own.show(of_run("a-run"))
        assert (tmp_path / FOLDER).stat().st_mode & 0o777 == 0o700
        shared.show(of_run("a-run"))
        assert (tmp_path / FOLDER).stat().st_mode & 0o777 == 0o750
        modes = {name: path_of(tmp_path, name).stat().st_mode & 0o777 for name in ("own", "shared")}
    assert modes == {"own": 0o600, "shared": 0o640}
