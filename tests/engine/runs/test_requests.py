"""Requests reach the worker once, in their order, and none of them can hurt it."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.errors import RequestError
from engine.recording.tail import Tail
from engine.runs.folder import RunFolder, create_run
from engine.runs.requests import (
    MAX_TEXT,
    Control,
    Inbox,
    PendingRequest,
    default_viewer,
    lengths,
    parse,
)
from tests.tapes import Clock
from tests.users import another_user, as_root


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    (tmp_path / "control").mkdir()
    return RunFolder(tmp_path)


def test_what_is_asked_arrives_once(folder: RunFolder) -> None:
    inbox = Inbox(folder)
    assert inbox.poll() == []
    name = Control(folder, "ada", clock=Clock(5.0)).send("set_lr", lr=0.5)
    (request,) = inbox.poll()
    assert request == PendingRequest(name, "ada", "set_lr", {"lr": 0.5}, 5.0)
    assert inbox.poll() == []


def test_several_viewers_are_answered_in_the_order_they_asked(folder: RunFolder) -> None:
    inbox = Inbox(folder)
    for time, viewer, action in [
        (2.0, "ada", "continue"),
        (3.0, "ada", "stop"),
        (1.0, "bob", "pause"),
    ]:
        Control(folder, viewer, clock=Clock(time)).send(action)  # type: ignore[arg-type]
    assert [request.action for request in inbox.poll()] == ["pause", "continue", "stop"]
    assert len(list(folder.control.iterdir())) == 2


def test_what_was_asked_before_the_order_to_begin_is_ignored(folder: RunFolder) -> None:
    ada, bob = Control(folder, "ada"), Control(folder, "bob")
    for control in (ada, bob, ada):
        control.send("stop")
    heard = lengths(folder)
    ada.send("pause")
    assert [(r.viewer, r.action) for r in Inbox(folder, heard).poll()] == [("ada", "pause")]


@pytest.mark.parametrize("behind", [-1e9, -3600.0, 3600.0])
def test_a_viewer_whose_clock_is_wrong_is_obeyed(folder: RunFolder, behind: float) -> None:
    clock = Clock(2e9)
    control = Control(folder, "ada", clock=clock)
    control.send("pause")
    heard, clock.now = lengths(folder), clock.now + behind
    control.send("stop")
    assert [r.action for r in Inbox(folder, heard).poll()] == ["stop"]


def test_a_viewer_whose_clock_is_set_back_is_answered_in_the_order_it_asked(
    folder: RunFolder,
) -> None:
    clock = Clock(100.0)
    control = Control(folder, "ada", clock=clock)
    for now, action in [(100.0, "pause"), (50.0, "continue"), (60.0, "stop")]:
        clock.now = now
        control.send(action)  # type: ignore[arg-type]
    Control(folder, "bob", clock=Clock(70.0)).send("mark")
    actions = [request.action for request in Inbox(folder).poll() if request.viewer == "ada"]
    assert actions == ["pause", "continue", "stop"]


def test_a_request_that_is_being_written_when_the_order_is_given_is_not_lost(
    folder: RunFolder,
) -> None:
    control = Control(folder, "ada")
    control.send("pause")
    (path,) = folder.control.iterdir()
    before = path.stat().st_size
    control.send("stop")
    line = path.read_bytes()
    path.write_bytes(line[: before + 20])
    heard = lengths(folder)
    path.write_bytes(line)
    assert [r.action for r in Inbox(folder, heard).poll()] == ["stop"]


def test_a_torn_line_is_waited_for(folder: RunFolder) -> None:
    Control(folder, "ada").send("pause")
    (path,) = folder.control.iterdir()
    line = path.read_bytes()
    inbox = Inbox(folder)
    path.write_bytes(line[:20])
    assert inbox.poll() == []
    path.write_bytes(line)
    assert len(inbox.poll()) == 1


def test_a_line_that_stays_torn_does_not_spoil_the_next(folder: RunFolder) -> None:
    (folder.control / "ada.jsonl").write_bytes(b'{"id": "1", "time"')
    Control(folder, "ada").send("stop")
    assert [r.action for r in Inbox(folder).poll()] == ["stop"]


def test_a_request_may_come_without_a_file(folder: RunFolder) -> None:
    inbox = Inbox(folder)
    Control(folder, "ada").send("pause")
    inbox.put(PendingRequest("SIGTERM", "SIGTERM", "stop"))
    assert [r.action for r in inbox.poll()] == ["stop", "pause"]


def test_a_folder_without_control_is_quiet(tmp_path: Path) -> None:
    assert Inbox(RunFolder(tmp_path / "none")).poll() == []


def test_asking_where_nothing_can_be_written_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "control").write_text("a file")
    with pytest.raises(RequestError, match="stop could not be asked for"):
        Control(RunFolder(tmp_path)).send("stop")


def test_a_viewer_with_a_strange_name_stays_in_its_folder(folder: RunFolder) -> None:
    Control(folder, "../../x y\n").send("pause")
    (path,) = folder.control.iterdir()
    assert path.parent == folder.control
    assert Inbox(folder).poll()[0].viewer == "../../x y\n"
    assert "@" in default_viewer()


@pytest.mark.parametrize(
    "arguments",
    [{"lr": float("nan")}, {"lr": 1e300}, {"lr": [1]}, {"lr": None}, {"lr": True}, {"a": {"b": 1}}],
)
def test_arguments_that_make_no_sense_are_no_request(arguments: dict) -> None:
    body = {"id": "1", "viewer": "a", "action": "set_lr", "time": 1.0, "arguments": arguments}
    assert parse(json.dumps(body).encode()) is None


def test_long_texts_are_cut() -> None:
    body = {
        "id": "1",
        "viewer": "a",
        "action": "mark",
        "time": 1.0,
        "arguments": {"note": "x" * 10**6},
    }
    request = parse(json.dumps(body).encode())
    assert request is not None
    assert len(request.arguments["note"]) == MAX_TEXT


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
bodies = st.dictionaries(
    st.sampled_from(["id", "viewer", "action", "time", "arguments", "x"]), json_values
)


@given(st.binary() | bodies.map(lambda body: json.dumps(body).encode()))
def test_nothing_that_is_written_there_can_break_the_worker(line: bytes) -> None:
    request = parse(line)
    assert request is None or isinstance(request, PendingRequest)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.binary(max_size=40), max_size=5))
def test_garbage_in_the_folder_is_passed_over(folder: RunFolder, chunks: list[bytes]) -> None:
    (folder.control / "junk.jsonl").write_bytes(b"".join(chunks))
    inbox = Inbox(folder)
    assert inbox.poll() == []
    Control(folder, "ada").send("stop")
    assert [request.action for request in inbox.poll()] == ["stop"]
    (folder.control / "ada.jsonl").unlink()


@pytest.mark.parametrize("arguments", [{"lr": float("inf")}, {"n": [1]}, {"note": None}])
def test_what_would_never_arrive_is_refused_where_it_is_asked(
    folder: RunFolder, arguments: dict
) -> None:
    with pytest.raises(RequestError, match="no numbers or texts"):
        Control(folder, "ada").send("set_lr", **arguments)
    assert list(folder.control.iterdir()) == []


def test_a_title_is_as_short_as_a_presets(folder: RunFolder) -> None:
    Control(folder, "ada").send("mark", title="x" * 5000, note="y" * 5000)
    (request,) = Inbox(folder).poll()
    assert (len(request.arguments["title"]), len(request.arguments["note"])) == (200, 5000)


def test_what_is_no_file_hides_no_request(folder: RunFolder) -> None:
    (folder.control / "a.jsonl").symlink_to(folder.path / "nowhere")
    (folder.control / "b.jsonl").symlink_to("/dev/zero")
    (folder.control / "c.jsonl").mkdir()
    os.mkfifo(folder.control / "d.jsonl")
    Control(folder, "z").send("stop")
    assert [request.action for request in Inbox(folder).poll()] == ["stop"]


def test_a_line_of_nuls_is_waited_for_until_another_follows(folder: RunFolder) -> None:
    Control(folder, "ada").send("pause")
    (path,) = folder.control.iterdir()
    line = path.read_bytes()
    inbox = Inbox(folder)
    path.write_bytes(b"\0" * (len(line) - 1) + b"\n")
    assert inbox.poll() == []
    path.write_bytes(line)
    assert [request.action for request in inbox.poll()] == ["pause"]
    path.write_bytes(line + b"\0" * 50 + b"\n")
    assert inbox.poll() == []
    Control(folder, "ada").send("stop")
    assert [request.action for request in inbox.poll()] == ["stop"]


def test_a_flood_arrives_in_pieces(folder: RunFolder) -> None:
    control, inbox = Control(folder, "ada"), Inbox(folder)
    names = [control.send("mark", note="x" * 10_000) for _ in range(250)]
    polls = []
    while requests := inbox.poll():
        polls.append([request.id for request in requests])
    assert len(polls) > 1
    assert [name for poll in polls for name in poll] == names


def test_nothing_is_opened_where_nothing_is_new(
    folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []
    look = Tail.lines
    monkeypatch.setattr(Tail, "lines", lambda *given: opened.append(given) or look(*given))
    inbox = Inbox(folder)
    Control(folder, "ada").send("pause")
    Control(folder, "bob").send("pause")
    for _ in range(10):
        inbox.poll()
    assert len(opened) == 2


def test_no_link_is_followed_to_ask_for_anything(folder: RunFolder, tmp_path: Path) -> None:
    control, outside = Control(folder, "ada"), tmp_path / "outside"
    outside.mkdir()
    (outside / "file").touch()
    (folder.control / "ada.jsonl").symlink_to(outside / "file")
    with pytest.raises(RequestError, match=r"ada\.jsonl: stop could not .*: is a link"):
        control.send("stop")
    (folder.control / "ada.jsonl").unlink()
    folder.control.rmdir()
    folder.control.symlink_to(outside)
    with pytest.raises(RequestError, match=r"stop could not be asked for: is a link"):
        control.send("stop")
    assert [(path.name, path.stat().st_size) for path in outside.iterdir()] == [("file", 0)]


def test_no_link_is_followed_to_hear_what_is_asked(folder: RunFolder, tmp_path: Path) -> None:
    inbox = Inbox(folder)
    Control(folder, "ada").send("stop")
    (folder.control / "ada.jsonl").rename(tmp_path / "outside")
    for name in ("ada", "bob"):
        (folder.control / f"{name}.jsonl").symlink_to(tmp_path / "outside")
    for _ in range(3):
        assert inbox.poll() == []
    (said,) = inbox.complaints()
    assert re.match(r"control/(ada|bob)\.jsonl is a link, and none is followed here: nothing", said)
    assert inbox.complaints() == []
    folder.control.rename(tmp_path / "elsewhere")
    folder.control.symlink_to(tmp_path / "elsewhere")
    fresh = Inbox(folder)
    assert fresh.poll() == []
    assert fresh.complaints()[0].startswith("control is a link")


@as_root
def test_what_another_user_asks_for_is_not_done_and_said_once(common_place: Path) -> None:
    run = create_run("a", "", common_place)
    Control(run, "ada").send("pause")
    for path in (run.path, run.control):
        path.chmod(0o777)
    inbox, line = Inbox(run), next(run.control.iterdir()).read_bytes()
    with another_user():
        for name in ("ada@here", "mallory"):
            (run.control / f"{name}.jsonl").write_bytes(line.replace(b"pause", b"stop"))
    assert [request.action for request in inbox.poll()] == ["pause"]
    (said,) = inbox.complaints()
    assert "belongs to nobody, another user: nothing is done that is asked for there" in said
    # Nor where the whole folder of requests is another's in place of this one.
    run.control.rename(run.path / "old")
    with another_user():
        run.control.mkdir()
        (run.control / "ada.jsonl").write_bytes(line.replace(b"pause", b"stop"))
    assert Inbox(run).poll() == []


@as_root
def test_another_user_is_told_whose_run_it_is(common_place: Path) -> None:
    run = create_run("a", "", common_place)
    run.path.chmod(0o755)
    with (
        another_user(),
        pytest.raises(RequestError, match="it belongs to root, who alone may ask for anything"),
    ):
        Control(run, "mallory").send("stop")


def test_two_viewers_whose_names_look_alike_are_both_heard(folder: RunFolder) -> None:
    for viewer in ("a/b", "a b", "月" * 300):
        Control(folder, viewer, clock=Clock(float(len(viewer)))).send("pause")
    assert [len(r.viewer) for r in Inbox(folder).poll()] == [3, 3, 200]


def test_a_signal_handler_may_put_a_request_in_the_middle_of_a_poll(
    folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox = Inbox(folder)
    look = Tail.lines

    def interrupted(*given: Any) -> list[bytes]:
        inbox.put(PendingRequest("SIGTERM", "SIGTERM", "stop"))
        return look(*given)

    monkeypatch.setattr(Tail, "lines", interrupted)
    Control(folder, "ada").send("pause")
    assert [request.action for request in inbox.poll()] == ["stop", "pause"]
