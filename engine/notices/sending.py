"""Telling somebody: by a command without a shell, or by a webhook.

What goes wrong is said without an address: it goes into a recording, and others may read that.
"""

from __future__ import annotations

import contextlib
import os
import signal
import ssl
import subprocess
from collections.abc import Callable, Iterator, Sequence
from http.client import HTTPException
from threading import Thread
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.request import HTTPRedirectHandler, HTTPSHandler, Request, build_opener

from .addressees import Addressees
from .notice import Notice

COMMAND_SECONDS: Final = 60
"""How long a command may take."""

WEBHOOK_SECONDS: Final = 10
"""How long a webhook may take to answer."""

MOST_SECONDS: Final = 2 * WEBHOOK_SECONDS
"""How long it may take in all: looking up its name, and an answer that comes byte by byte."""

Call = Callable[..., Any]


class NoRedirects(HTTPRedirectHandler):
    """Follows no answer to another address, which would be one that nobody has set."""

    def redirect_request(self, *answer: Any) -> None:
        """Ask nowhere else."""


def post(request: Request, context: ssl.SSLContext | None = None) -> None:
    """Send a request.

    Args:
        request: To an https address.
        context: Which certificates are trusted; those of this machine where left out.

    Raises:
        OSError: It did not come through, or was not taken.
        HTTPException: The answer is none.
    """
    opener = build_opener(NoRedirects, HTTPSHandler(context=context))
    with opener.open(request, timeout=WEBHOOK_SECONDS):
        pass


def run_whole(
    command: Sequence[str], *, timeout: float, **how: Any
) -> subprocess.CompletedProcess[bytes]:
    """Run a command as ``subprocess.run`` does; where it takes too long, whatever it has started
    ends with it.

    Raises:
        OSError: It cannot be started.
        subprocess.TimeoutExpired: It took longer.
    """
    # In a group of its own, by which what a shell has started is found again.
    with subprocess.Popen(command, start_new_session=True, **how) as process:
        try:
            status = process.wait(timeout)
        except BaseException:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            raise
    return subprocess.CompletedProcess(command, status)


def send(
    addressees: Addressees, notice: Notice, *, run: Call = run_whole, post: Call = post
) -> list[str]:
    """Tell everybody who is to be told.

    Args:
        addressees: Who that is.
        notice: What they are told.
        run: Runs a command.
        post: Sends a request.

    Returns:
        What went wrong, a sentence each.
    """
    return [*_by_command(addressees, notice, run), *_by_webhook(addressees, notice, post)]


def _by_command(addressees: Addressees, notice: Notice, run: Call) -> Iterator[str]:
    if not addressees.command:
        return
    nothing = subprocess.DEVNULL
    try:
        done = run(
            addressees.command,
            env={**os.environ, **notice.environment},
            stdin=nothing,
            stdout=nothing,
            stderr=nothing,
            timeout=COMMAND_SECONDS,
        )
    except subprocess.TimeoutExpired:
        yield f"the command of [notify] took longer than {COMMAND_SECONDS} s"
    except OSError as error:
        yield f"the command of [notify] could not be started: {error.strerror}"
    else:
        if done.returncode:
            yield f"the command of [notify] ended with status {done.returncode}"


def _by_webhook(addressees: Addressees, notice: Notice, post: Call) -> Iterator[str]:
    if not addressees.webhook:
        return
    headers = {"Content-Type": "application/json", "User-Agent": "epochal"}
    request = Request(addressees.webhook, notice.body, headers, method="POST")
    try:
        _in_time(lambda: post(request), MOST_SECONDS)
    except HTTPError as error:
        error.close()
        yield f"the webhook of [notify] answered {error.code}"
    except (OSError, HTTPException, ValueError) as error:
        yield f"the webhook of [notify] {_why(error)}"


def _in_time(call: Call, seconds: float) -> None:
    """Make a call, and raise what it raises.

    Raises:
        TimeoutError: It takes longer. It goes on by itself, as long as this process does.
    """
    raised: list[BaseException] = []

    def made() -> None:
        try:
            call()
        except BaseException as error:
            raised.append(error)

    thread = Thread(target=made, daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        raise TimeoutError
    if raised:
        raise raised[0]


def _why(error: Exception) -> str:
    """Return what is wrong, without the host's name, which errors have in their text."""
    reason = error.reason if isinstance(error, URLError) else error
    if isinstance(reason, ssl.SSLCertVerificationError):
        return "has a certificate that is not trusted here"
    if isinstance(reason, TimeoutError):
        return f"did not answer within {WEBHOOK_SECONDS} s"
    return "could not be reached"
