"""Telling by a command and by a webhook, and what is said where that fails."""

from __future__ import annotations

import json
import os
import select
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request

import pytest

from engine.notices import sending
from engine.notices.addressees import Addressees
from engine.notices.notice import Notice
from engine.notices.sending import run_whole, send
from tests.patience import DEADLINE

NOTICE = Notice(
    run="moons", folder="/runs/moons", status="diverged", reason="the loss was NaN\x1b[2J"
)
HOOK = Addressees(webhook="https://s3cret.example.com/s3cret")


def test_a_command_is_run_as_it_stands_and_finds_out_by_its_environment(tmp_path: Path) -> None:
    out = tmp_path / "out"
    program = (
        "import json, os, sys; json.dump([sys.argv[2:], dict(os.environ)], open(sys.argv[1], 'w'))"
    )
    command = (sys.executable, "-c", program, str(out), "; touch here", "$(id)")
    assert send(Addressees(command=command), NOTICE) == []
    arguments, environment = json.loads(out.read_text())
    assert arguments == ["; touch here", "$(id)"]
    assert environment["EPOCHAL_RUN"] == "moons"
    assert environment["EPOCHAL_FOLDER"] == "/runs/moons"
    assert environment["EPOCHAL_STATUS"] == "diverged"
    assert environment["EPOCHAL_REASON"].startswith("the loss was NaN")
    assert "\x1b" not in environment["EPOCHAL_REASON"]


def test_a_command_that_fails_is_told_without_its_arguments(tmp_path: Path) -> None:
    def slow(*arguments: Any, **others: Any) -> None:
        raise subprocess.TimeoutExpired(["s3cret"], 60)

    command = Addressees(command=(sys.executable, "-c", "raise SystemExit(3)", "s3cret"))
    assert send(command, NOTICE) == ["the command of [notify] ended with status 3"]
    missing = Addressees(command=(str(tmp_path / "s3cret"),))
    (said,) = send(missing, NOTICE)
    assert said == "the command of [notify] could not be started: No such file or directory"
    (said,) = send(command, NOTICE, run=slow)
    assert said == "the command of [notify] took longer than 60 s"


def test_what_a_command_has_started_ends_with_it_where_it_takes_too_long() -> None:
    command = ("sh", "-c", "sleep 1000 & echo begun; wait")
    for seconds in (0.1, 1, 10, DEADLINE):
        reader, writer = os.pipe()
        with os.fdopen(reader, "rb", buffering=0) as came:
            with os.fdopen(writer, "wb"), pytest.raises(subprocess.TimeoutExpired):
                run_whole(command, timeout=seconds, stdout=writer)
            # Whoever still has the other end keeps it open.
            said = b""
            while not said or said[-1:] != b"!":
                assert select.select([came], [], [], DEADLINE)[0], "something goes on"
                said += came.read(100) or b"!"
        if said.startswith(b"begun"):
            return
    pytest.fail("the command never began")


class Answers(BaseHTTPRequestHandler):
    """Answers as its path says, and keeps what it was sent."""

    came: list[tuple[str, str, bytes]] = []  # noqa: RUF012 (a handler is made for each request)

    def do_POST(self) -> None:
        """Answer."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.came.append((self.path, self.headers["Content-Type"], body))
        self.send_response(int(self.path.strip("/")))
        self.send_header("Location", "/200")
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST

    def log_message(self, *said: Any) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[HTTPServer]:
    """Where a webhook waits."""
    Answers.came.clear()
    with HTTPServer(("127.0.0.1", 0), Answers) as server:
        server.handle_error = lambda *request: None  # type: ignore[method-assign]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_webhook_gets_an_object_and_is_followed_nowhere_else(server: HTTPServer) -> None:
    address = f"http://127.0.0.1:{server.server_port}"
    # The address is checked where it is read: what is sent is the same without certificates.
    assert send(Addressees(webhook=f"{address}/200"), NOTICE) == []
    (path, kind, body) = Answers.came.pop()
    assert (path, kind) == ("/200", "application/json")
    told = json.loads(body)
    assert told["run"] == "moons"
    assert told["text"].startswith("moons: diverged (the loss was NaN")
    for status in (302, 307, 404, 500):
        said = send(Addressees(webhook=f"{address}/{status}"), NOTICE)
        assert said == [f"the webhook of [notify] answered {status}"]
    assert [path for path, *_ in Answers.came] == ["/302", "/307", "/404", "/500"]


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            URLError(OSError("s3cret.example.com: Name or service not known")),
            "could not be reached",
        ),
        (URLError(ssl.SSLCertVerificationError("for 's3cret.example.com'")), "is not trusted here"),
        (URLError(TimeoutError()), "did not answer within 10 s"),
        (TimeoutError("s3cret"), "did not answer within 10 s"),
        (ValueError("s3cret"), "could not be reached"),
    ],
)
def test_a_webhook_that_is_not_reached_is_told_without_its_address(
    error: Exception, said: str
) -> None:
    def fails(request: Request) -> None:
        raise error

    (complaint,) = send(HOOK, NOTICE, post=fails)
    assert complaint.endswith(said)
    assert "s3cret" not in complaint


def test_a_webhook_whose_answer_never_ends_is_left_to_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # As where its name is looked up, or a byte comes now and then: no timeout of a socket sees it.
    monkeypatch.setattr(sending, "MOST_SECONDS", 0.05)
    over = threading.Event()
    (said,) = send(HOOK, NOTICE, post=lambda request: over.wait())
    over.set()
    assert said == "the webhook of [notify] did not answer within 10 s"


def test_a_certificate_that_is_not_trusted_here_is_told_nothing(server: HTTPServer) -> None:
    mine = Path(__file__).with_name("self-signed.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(mine)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    hook = Addressees(webhook=f"https://127.0.0.1:{server.server_port}/200")
    (said,) = send(hook, NOTICE)
    assert said == "the webhook of [notify] has a certificate that is not trusted here"
    assert Answers.came == []
    trusting = ssl.create_default_context(cafile=mine)
    assert send(hook, NOTICE, post=partial(sending.post, context=trusting)) == []
    assert [path for path, *_ in Answers.came] == ["/200"]
