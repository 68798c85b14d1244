"""All that the lab shows of a run, said and drawn without a lab."""

from __future__ import annotations

from dataclasses import replace

from engine.headless.log import counts_epochs
from engine.headless.result import result_text
from engine.recording.events import Header
from tui.drawing.lists.status import draw_outcome
from tui.pictures.shown import Stock, captions_of, draw_shown
from tui.pictures.still import PLAIN
from tui.watching.chronicle import Chronicle
from tui.watching.traces import timeline
from tui.watching.view import View
from tui.watching.watch import Watch


def the_lab_shows(watch: Watch, header: Header) -> None:
    """Say and draw what is in the lab's panes, and in the words a headless run ends with."""
    history = watch.history
    counts_epochs(history)
    Chronicle("run").unread(history)
    if history.end is not None:
        result_text("run", history.end, header.target_names, header.variants)
    draw_outcome(watch.standing(history.last_step, 0), 100, PLAIN)
    view = View(history=history, run="run", title=watch.title, step=history.last_step)
    timeline(view, 80)
    stock = Stock.of(view)
    if stock is not None:
        stock.trouble, stock.ready = stock.read(), True
    shown = replace(view, weights="best")
    draw_shown(shown, stock, 40, 12, PLAIN)
    captions_of(shown, stock, 60, PLAIN)
