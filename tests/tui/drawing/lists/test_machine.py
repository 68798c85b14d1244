from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.recording.events import End, Header, MachineFigures
from engine.recording.file import read
from engine.recording.history import History
from tui.drawing.lists.machine import FIGURES, draw, missing, size, there
from tui.style.glyphs import ASCII, BRAILLE
from tui.style.look import Look
from tui.style.palette import DARK

NAMES = [figure.name for figure in FIGURES]
LOOK = Look(BRAILLE, DARK)


def history(*figures: MachineFigures, ended: bool = False) -> History:
    """A run that has these figures."""
    made = History()
    made.add(
        Header(
            run="r", experiment={}, seeds=[0], parameters={}, columns={}, gradients="", device="cpu"
        )
    )
    made.extend(figures)
    if ended:
        made.add(End(step=99, status="finished", reason="steps"))
    return made


def words(made: History, step: int, room: tuple[int, int]) -> list[str]:
    return [line.plain for line in draw(made, step, room, LOOK)]


RISING = [
    MachineFigures(step=10 * n, figures={"cpu": n / 2, "memory": 1e8 * n, "speed": 10.0 * n})
    for n in (1, 2, 3)
]


@pytest.mark.parametrize(
    ("step", "cpu", "memory"), [(10, "0.50", "100 MB"), (29, "1.00", "200 MB")]
)
def test_at_a_step_stand_the_last_figures_at_or_before_it(step: int, cpu: str, memory: str) -> None:
    lines = words(history(*RISING), step, (60, 3))
    assert lines[0].split()[:2] == ["processors", cpu]
    assert lines[1].split()[:3] == ["memory", *memory.split()]
    assert [line.split()[0] for line in lines] == ["processors", "memory", "speed"]


def test_a_curve_stands_on_0_and_its_greatest_value_fills_its_lines() -> None:
    lines = words(history(*RISING), 30, (60, 14))
    heading, upper, middle, lower = lines[:4]
    assert "1.50" in heading
    assert heading.rstrip().endswith("up to 1.50")
    assert upper == " " * 40 + "█" * 20
    assert middle == " " * 20 + "█" * 40
    assert lower == "█" * 60


def test_a_gpu_is_shown_with_what_it_has_where_there_is_one() -> None:
    figures = {"gpu_memory": 2.5e9, "gpu_total": 150e9, "gpu_use": 0.75}
    lines = words(history(MachineFigures(step=1, figures=figures)), 1, (60, 2))
    assert lines[0].startswith("GPU           75 %")
    assert lines[1].startswith("GPU tensors   2.5 GB of 150 GB")


def test_where_there_are_none_it_is_said_why() -> None:
    assert "appears here" in missing(None)
    assert "within a second" in missing(history())
    assert "made before they were recorded" in missing(history(ended=True))
    assert missing(history(*RISING)).endswith("the first are of step 10.")
    assert there(history(*RISING), 9) == 0


def test_an_old_recording_has_none() -> None:
    old = History()
    old.extend(read(Path(__file__).parents[3] / "recordings" / "format-1.jsonl"))
    assert old.machine == []
    assert "made before they were recorded" in missing(old)


@given(
    st.lists(
        st.dictionaries(st.sampled_from(NAMES), st.floats(0, 1e15) | st.integers(0, 2**53)),
        max_size=5,
    ),
    st.integers(0, 90),
    st.integers(0, 40),
    st.sampled_from([BRAILLE, ASCII]),
)
def test_it_fits_whatever_is_recorded(figures, width, height, glyphs) -> None:
    made = history(*(MachineFigures(step=n, figures=each) for n, each in enumerate(figures)))
    lines = draw(made, 9, (width, height), Look(glyphs, DARK))
    assert all(line.cell_len == width for line in lines)
    assert len(lines) <= max(height, len(NAMES))


def test_sizes_have_three_digits() -> None:
    assert [size(each) for each in (0, 999, 1000, 321.6e6, 150.1e9, 2e15)] == [
        "0 B",
        "999 B",
        "1 kB",
        "322 MB",
        "150 GB",
        "2e+03 TB",
    ]
