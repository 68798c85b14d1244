"""A pane is one file: everything that lists panes has it, and what it leaves out is named."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.patience import DEADLINE

ROOT = Path(__file__).parents[2]

ENTRY = """
from rich.text import Text

from tui.places.pane import ByPicture, Pane


def draw(history, step, room, look):
    return [Text(f"{step} sparks", end="")]


def there(history, step):
    return step


def missing(history):
    return "No sparks have flown yet."


PANE = Pane(
    name="sparks",
    label="Sparks",
    short="Sparks",
    key="0",
    about="how it sparks",
    two="left",
    three="right",
    shown=ByPicture(picture=".places.panes.sparks", view="sparks"),
    several=None,
    where="",
    commands=(),
    words=(("spark", "A word that nothing else explains."),),
)
"""

USE = """
import asyncio
import sys
from pathlib import Path

from tests.labs import lab_of, make_app, shown, until
from tui.commands.table import TABLE
from tui.drawing.lists.keys import draw_help
from tui.lecture.presented import Presented
from tui.pictures.gallery import NAMES as VIEWS
from tui.places import NAMES, PANES, arrange
from tui.style.palette import DARK
from tests.patience import DEADLINE

assert "textual" in sys.modules
assert "sparks" in NAMES
assert any(each.keys == ("0",) and each.action == "show_pane('sparks')" for each in TABLE)
text = "\\n".join(line.plain for line in draw_help(120, DARK))
assert "Go to: how it sparks." in text and "A word that nothing else explains." in text
recent = ["sparks", *(name for name in NAMES if name != "sparks")]
assert "sparks" in arrange((120, 40), "two", recent, {})
box = arrange((200, 60), "three", NAMES, {})["sparks"]
assert box.height == 3 and box.x + box.width == 200
assert "sparks" in Presented.__dataclass_fields__["recent"].default
assert "sparks" in VIEWS

async def use():
    app, _ = make_app(Path(sys.argv[1]))
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: lab_of(pilot).setup.ready)
        await pilot.press("0")
        await until(pilot, lambda: "No sparks have flown yet." in shown(pilot))
        assert lab_of(pilot).pane == "sparks"
        assert app.focused.id == "sparks"

asyncio.run(use())
"""

CHECK = """
import sys

from tui.cli import main

sys.argv = ["epochal"]
try:
    main(["check", sys.argv[0] + ".toml"])
finally:
    assert "textual" not in sys.modules
"""


def run(tmp_path: Path, entry: str, program: str) -> subprocess.CompletedProcess[str]:
    """Run a program in a house with one file more: all others are those that there are."""
    house = tmp_path / "tui"
    panes = house / "places" / "panes"
    panes.mkdir(parents=True, exist_ok=True)
    for folder in (panes, panes.parent, house):
        for path in (ROOT / folder.relative_to(tmp_path)).iterdir():
            if not (folder / path.name).exists() and path.name != "__pycache__":
                (folder / path.name).symlink_to(path)
    (panes / "sparks.py").write_text(entry)
    return subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"},
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )


def test_a_pane_is_one_file(tmp_path: Path) -> None:
    done = run(tmp_path, ENTRY, USE)
    assert done.returncode == 0, done.stderr


def test_a_lecture_may_name_it_and_a_wrong_name_is_refused_without_a_screen(
    tmp_path: Path,
) -> None:
    lecture = tmp_path / "talk.toml"
    for pane, status in (("sparks", 0), ("spark", 2)):
        lecture.write_text(f'scenes = [{{title = "a", preset = "cubic", pane = "{pane}"}}]')
        done = run(tmp_path, ENTRY, CHECK.replace('sys.argv[0] + ".toml"', repr(str(lecture))))
        assert done.returncode == status, done.stderr
    assert "must be one of 'setup', 'curves'" in done.stderr
    assert "(got 'spark'; did you mean 'sparks'?)" in done.stderr


@pytest.mark.parametrize(
    ("left_out", "instead", "words"),
    [
        ('    about="how it sparks",\n', "", "'about'"),
        ('key="0"', 'key="3"', "'3' for gradients, sparks"),
        ('name="sparks"', 'name="other"', "sparks.py: its pane is called other"),
        ("PANE =", "OTHER =", "sparks.py: has no entry called PANE"),
        ('where=""', 'where="in it"', "sparks.py: where and commands go together"),
    ],
)
def test_what_is_forgotten_is_named_at_once(
    tmp_path: Path, left_out: str, instead: str, words: str
) -> None:
    assert left_out in ENTRY
    done = run(tmp_path, ENTRY.replace(left_out, instead), "import tui.places")
    assert done.returncode == 1
    assert words in done.stderr
