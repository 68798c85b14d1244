"""What drawing the curves costs: time for a picture, for each further curve, for a million rows.

    python -m benchmarks.drawing [--rounds 9]

Pure drawing, without a terminal, in time of the processor. The sizes are those of the pane on
screens of 80x24, 120x40 and 200x60, and of the whole screen where it is maximised. Bytes are what
two frames of a growing run differ by, row by row, as a terminal of 256 colours gets them, at two
frames a second.
"""

from __future__ import annotations

import argparse
import io
import itertools
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from rich.console import Console
from rich.text import Text

from engine.recording.events import Header, Series
from engine.recording.history import History
from tui.drawing.base.canvas import stroke
from tui.drawing.base.plotext import Polyline, cost, plotted
from tui.drawing.curves.plot import draw_curves
from tui.drawing.lists.status import Standing
from tui.style.glyphs import BRAILLE
from tui.style.look import Look
from tui.style.palette import DARK
from tui.watching.traces import gather_view
from tui.watching.view import Trace, View

SIZES = {
    "80x24": (78, 17),
    "120x40": (72, 18),
    "200x60": (84, 40),
    "120x40 maximised": (118, 35),
    "200x60 maximised": (198, 55),
}
"""The canvas with its frame, by the screen it is on."""

ROWS = 5_000
GROWN = 4_000
"""Steps that a tiny network takes between two frames."""
MILLION = 1_000_000


def history_of(count: int, *, noise: float, seed: int = 0, every: int = 10) -> History:
    """Return a run of a falling loss."""
    columns = {"train": ["loss", "accuracy", "lr", "grad_norm"], "dev": ["loss", "accuracy"]}
    history = History()
    history.add(
        Header(
            run="bench",
            experiment={},
            seeds=[0],
            parameters={},
            columns=columns,
            gradients="manual",
            device="cpu",
            host="",
            pid=0,
            pid_started=0.0,
            time=0.0,
        )
    )
    steps = np.arange(1, count + 1)
    spread = np.random.default_rng(seed).standard_normal(count)
    loss = (0.1 + np.exp(-steps / (count / 4))) * np.exp(noise * spread)
    rows = np.stack([loss, 1 - loss / 2, np.full(count, 0.2), loss]).astype(np.float32)
    history.add(Series(group="train", first=1, values=rows[:, :, None]))
    dev = rows[:2, every - 1 :: every, None] * 1.2
    history.add(Series(group="dev", first=every, stride=every, values=dev))
    return history


def view_of(history: History, step: int, *, others: int = 0, total: int | None = None) -> View:
    """Return a view of a run, and of some beside it."""
    beside = tuple(
        Trace(
            history=history_of(step, noise=0.0, seed=slot),
            run=f"run-{slot}",
            title=f"Run {slot}",
            step=step,
            slot=slot,
        )
        for slot in range(1, others + 1)
    )
    standing = Standing(state="running", steps=total or step)
    return View(
        history=history, run="run-0", title="Run", step=step, standing=standing, others=beside
    )


def milliseconds(what: Callable[[], object], rounds: int) -> float:
    """Return the least time of the processor that something takes, whatever else it does."""
    what()
    taken = []
    for _ in range(rounds):
        started = time.process_time()
        what()
        taken.append(time.process_time() - started)
    return min(taken) * 1e3


def draw(view: View, size: tuple[int, int]) -> list[Text]:
    """Take from the histories what is drawn, and draw it."""
    return draw_curves(gather_view(view, size[0]), *size, Look(BRAILLE, DARK))


def sent(before: list[Text], after: list[Text], width: int) -> int:
    """Return the bytes of the rows that differ."""
    console = Console(
        file=io.StringIO(), width=width, color_system="256", force_terminal=True, highlight=False
    )
    with console.capture() as capture:
        for old, new in zip(before, after, strict=True):
            if old.plain != new.plain or old.spans != new.spans:
                console.print(new, end="\x1b[10;10H", soft_wrap=True)
    return len(capture.get().encode())


def bytes_a_second(size: tuple[int, int], noise: float) -> float:
    """Return what a run sends that trains flat out, at two frames a second."""
    total = 40 * GROWN
    history = history_of(total, noise=noise)
    frames = [
        draw(view_of(history, step, total=total), size)
        for step in range(total // 2 + GROWN, total, GROWN)
    ]
    pairs = list(itertools.pairwise(frames))
    return 2 * sum(sent(*pair, size[0]) for pair in pairs) / len(pairs)


def plotext_ratios(rounds: int) -> tuple[float, float]:
    """Return the least and the greatest of what plotext takes, as shares of what it is given."""
    shares = []
    random = np.random.default_rng(0)
    for (columns, rows), noise, curves, joined in itertools.product(
        ((69, 14), (75, 37), (109, 32), (189, 52)), (0.0, 0.05, 0.3), (1, 2, 6), (True, False)
    ):
        wide, tall = 2 * columns, 4 * rows
        polylines = []
        dots = 0
        for index in range(curves):
            xs = np.arange(wide)
            heights = np.exp(-3 * xs / wide) * (1 + noise * random.standard_normal(wide))
            ys = ((tall - 1) * np.clip(heights, 0, 1)).astype(np.int64)
            through = stroke(xs, ys)
            if joined:
                dots += len(through[0])
            else:
                xs, ys = (each[::2] for each in through)
            polylines.append(Polyline(xs=xs, ys=ys, marker="braille", of=index, joined=joined))
        points = sum(len(each.xs) for each in polylines)
        taken = milliseconds(
            lambda: plotted(polylines, columns, rows, (wide, tall)),  # noqa: B023
            rounds,
        )
        shares.append(taken / cost(columns * rows, points, dots))
    return min(shares), max(shares)


def main() -> None:
    """Measure everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    for noise, kind in ((0.0, "smooth"), (0.3, "noisy")):
        history = history_of(ROWS, noise=noise)
        for name, size in SIZES.items():
            one = view_of(history, ROWS)
            two, five = (view_of(history, ROWS, others=count) for count in (1, 4))
            alone = milliseconds(lambda: draw(one, size), rounds)  # noqa: B023
            few = milliseconds(lambda: draw(two, size), rounds)  # noqa: B023
            many = milliseconds(lambda: draw(five, size), rounds)  # noqa: B023
            with_band = milliseconds(
                lambda: draw(replace(one, smoothing=2, cursor=ROWS // 2), size),  # noqa: B023
                rounds,
            )
            print(
                f"{kind:7} {name:17} {alone:6.1f} ms one run   {with_band:6.1f} smoothed, cursor"
                f"   {(many - few) / 6:5.2f} each further curve"
                f"   {bytes_a_second(size, noise) / 1000:5.1f} kB/s"
            )
    least, most = plotext_ratios(rounds)
    print(f"{'plotext':24} {least:.0%} to {most:.0%} of the time its budget counts for it")
    history = history_of(MILLION, noise=0.3)
    view = view_of(history, MILLION)
    started = time.process_time()
    draw(view, SIZES["120x40"])
    print(f"{'a million rows':24} {(time.process_time() - started) * 1e3:6.1f} ms the first time")
    moves = iter(range(1, MILLION, 1_009))
    moved = milliseconds(lambda: draw(replace(view, cursor=next(moves)), SIZES["120x40"]), rounds)
    print(f"{'its cursor moved':24} {moved:6.1f} ms")
    windows = iter(range(1, MILLION, 1_009))

    def zoomed() -> None:
        first = next(windows)
        draw(replace(view, window=(first, first + 50_000)), SIZES["120x40"])

    print(f"{'its window moved':24} {milliseconds(zoomed, rounds):6.1f} ms")


if __name__ == "__main__":
    main()
