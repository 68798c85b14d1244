"""What holds for every test.

No assertion on time, so that a busy machine fails none, and the same examples in every run, so
that a red suite is a broken change. To look for new examples:

    HYPOTHESIS_PROFILE=explore python -m pytest
"""

from __future__ import annotations

import atexit
import gc
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

# What labs, workers and terminals leave in the temporary folder goes with the tests; what pytest
# keeps to be looked at stays where it is. A second user may write there, too.
TEMPORARY = "EPOCHAL_TEST_TEMPORARY"
if TEMPORARY not in os.environ:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", tempfile.gettempdir())
    os.environ[TEMPORARY] = os.environ["TMPDIR"] = tempfile.mkdtemp(prefix="epochal-")
    Path(os.environ[TEMPORARY]).chmod(0o1777)
    tempfile.tempdir = None
    atexit.register(shutil.rmtree, os.environ[TEMPORARY], ignore_errors=True)

# Whoever runs the tests may have a configuration, by which they are told of every run.
os.environ["XDG_CONFIG_HOME"] = f"{os.devnull}/config"

# What the program says to Textual too, which asks once, while it is imported.
os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")

# Several processes of tests share the cores. A thread of torch's that waits for the others spins on
# its core by default: a training of two seconds would take up to a minute where the core is wanted.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
# A trainer says how many threads it uses; what else computes here is too small to be shared out.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# The library of compiled steps is made once for all tests, and not in the user's own cache.
CACHE = Path(__file__).parent.parent / ".pytest_cache"
os.environ.setdefault("XDG_CACHE_HOME", str(CACHE))

# Where bytecode is not kept, every process of tests compiles all of them anew, and each of the
# programs that they start compiles the house.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# Whoever starts the tests in the background, or under nohup, may have these ignored; the programs
# that are started here would inherit that, and could not be told to end.
for number in (signal.SIGINT, signal.SIGHUP):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, signal.default_int_handler)

# Only now that its environment is settled.
from textual.css.stylesheet import Stylesheet  # noqa: E402

pytest_plugins = ["tests.users", "tests.hangs"]

settings.register_profile("explore", UNHURRIED)
settings.register_profile("same", UNHURRIED, derandomize=True, max_examples=50)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))


@pytest.fixture(scope="session", autouse=True)
def trainings_of_all_processes(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Say where what is trained for several files of tests is kept; see ``tests.trained``."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    os.environ["EPOCHAL_TEST_TRAININGS"] = str(folder)


@pytest.fixture(autouse=True)
def nothing_stands_in_for_what_is_pytorchs() -> Iterator[None]:
    """See that no loop is left watched, which the next test would find in its way."""
    yield
    clipping = sys.modules.get("engine.loops.clipping")
    if left := [*clipping._LISTENING] if clipping else []:
        for each in left:
            each.remove()
        pytest.fail(f"{len(left)} watched loops were not ended")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Spread the tests of the whole program evenly between the other files.

    They wait for terminals, while which the others compute; and whoever comes last is short.
    """
    whole = [item for item in items if item.path.parent.name == "whole"]
    others = [item for item in items if item.path.parent.name != "whole"]
    spread: list[pytest.Item] = []
    for index, item in enumerate(others):
        # Never within a file, which may have something made once for all its tests.
        if index and item.path != others[index - 1].path:
            due = len(whole) * index // len(others)
            spread += whole[len(spread) - index : due]
        spread.append(item)
    items[:] = spread + whole[len(spread) - len(others) :]


def pytest_collection_finish() -> None:
    """Spare the labs of a process what each of them would do anew."""
    # Garbage is looked for seldom, and never among all that was imported. A lab is tens of
    # thousands of objects, each of which would be looked at many times: a fifth of its time.
    gc.freeze()
    gc.set_threshold(100_000, 50, 1000)
    Stylesheet._parse_rules = parsed_once(Stylesheet._parse_rules)  # type: ignore[method-assign]


def parsed_once(parse: Callable[..., list[Any]]) -> Callable[..., list[Any]]:
    """Have the same style sheet parsed once for all labs of a process, and not once for each."""
    parsed: dict[Any, list[Any]] = {}

    def parse_rules(sheet: Stylesheet, *arguments: Any, **named: Any) -> list[Any]:
        key = (*arguments, *named.items(), *sheet._variables.items())
        if key not in parsed:
            parsed[key] = parse(sheet, *arguments, **named)
        return parsed[key]

    return parse_rules
