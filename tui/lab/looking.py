"""How the lab is looked at: panes and their places, cursor and window, axes, colours, pictures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from textual import events, work
from textual.geometry import Size
from textual.reactive import reactive
from textual.widget import Widget

from ..commands.command import Need
from ..places import NAMES, Box, Form, arrange, form_of, pane_named, side_width
from ..style.look import Look
from ..watching.view import View
from .state import Stage

if TYPE_CHECKING:
    from ..drawing.members.list import Order
    from ..drawing.replay.timeline import Timeline

NARROW = 60
"""Below this width the setup stands in one column."""


class Looking(Stage):
    """The commands of the groups ``Read`` and ``View``."""

    pane: reactive[str] = reactive("setup", repaint=False)
    """The pane that has the keys."""
    tabbed: reactive[bool] = reactive(False, repaint=False)
    """Whether there is room for one pane only."""
    form: reactive[Form] = reactive("two", repaint=False)
    """How many columns there are."""
    maximised: reactive[bool] = reactive(False, repaint=False)
    """Whether one pane was given the whole screen."""
    member_order: Order = "number"
    """What members were listed by when one was chosen last."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.recent = list(NAMES)
        """The panes, the one visited last first."""
        self.settling = False
        """Whether panes have just come back, and whoever has the keys was not asked."""
        self._visited: dict[str, Widget] = {}
        """Where the keys were in each pane."""
        self._left_width = self.opening.memory.choices.left_width

    def watch_look(self, look: Look) -> None:
        """Draw borders with what the glyphs allow."""
        self.set_class(look.glyphs.name == "ascii", "-ascii")

    def has(self, need: Need) -> bool:
        """Whether what some commands need is there."""
        if need == "columns":
            return self.maximised or self.form != "one"
        return super().has(need)

    # --- places ----------------------------------------------------------------------------

    def lay_out(self, size: Size) -> None:
        """Use the room there is.

        Textual's breakpoints would do this only after a first frame at the wrong size.
        """
        fitting = form_of(size.width, size.height)
        self.form = "one" if self.maximised else fitting
        self.tabbed = self.form == "one"
        self.set_class(self.tabbed, "-tabbed")
        self.set_class(size.width < NARROW, "-narrow")
        self.watch_look(self.look)
        self.place()

    def boxes(self, size: Size) -> dict[str, Box]:
        """Return where the panes stand that are seen."""
        wants = dict(self._wants())
        boxes = arrange((size.width, size.height), self.form, self.recent, wants, self._left_width)
        return {self.widget_of(name): box for name, box in boxes.items()}

    def widget_of(self, name: str) -> str:
        """Return the id of what stands in a pane's place: of several runs their tables."""
        return pane_named(name).widget(bool(self.view.others))[0]

    def _wants(self) -> Iterator[tuple[str, int]]:
        """Yield how many lines a pane would take that does not take all there are."""
        for name in NAMES:
            height = self.query_one(f"#{self.widget_of(name)}").styles.height
            if height is not None and height.cells is not None:
                yield name, height.cells

    def watch_view(self, before: View, view: View) -> None:
        """Let the tables of several runs stand where that of one stood."""
        if bool(before.others) != bool(view.others) and self.is_mounted:
            pane = self.pane
            self.place()
            if pane_named(pane).several:
                self._visited.pop(pane, None)
                self.give_keys(pane)

    def place(self) -> None:
        """Show the panes that have a place, and hide the others."""
        panes = self.query_one("#panes")
        seen = self.boxes(panes.size or self.app.size)
        for pane in self.query(".pane"):
            pane.display = pane.id in seen
        # Asked of a pane: a widget's own layout does not make it forget where its children were.
        self.query_one("#curves").refresh(layout=True)

    def on_resize(self, event: events.Resize) -> None:
        """Use the room there is."""
        self.lay_out(event.size)

    def action_maximise(self) -> None:
        """Give the pane that has the keys the whole screen, or put it back."""
        self.maximised = not self.maximised
        self.lay_out(self.app.size)

    def action_widen(self, cells: int) -> None:
        """Make the left column wider or narrower."""
        if self.form != "one":
            width = self.query_one("#panes").size.width
            now = side_width(width, self.form, self._left_width)
            self._left_width = side_width(width, self.form, now + cells)
            self.place()
            self.remember()

    def remember(self) -> None:
        """Keep what was chosen for the next time."""
        self.opening.memory.keep(
            replace(
                self.opening.memory.choices,
                palette=self.look.palette.name,
                glyphs=self.look.glyphs.name,
                left_width=self._left_width,
                log=self.lens.log,
                smoothing=self.lens.smoothing,
            )
        )

    # --- panes -----------------------------------------------------------------------------

    def action_next_pane(self) -> None:
        """Go to the next pane."""
        self.pane = NAMES[(NAMES.index(self.pane) + 1) % len(NAMES)]

    def action_previous_pane(self) -> None:
        """Go to the pane before."""
        self.pane = NAMES[NAMES.index(self.pane) - 1]

    def action_show_pane(self, name: str) -> None:
        """Go to a pane."""
        assert name in NAMES
        self.pane = name

    def watch_pane(self, pane: str) -> None:
        """Show the pane, and give it the keys."""
        if self.is_mounted:
            self.give_keys(pane)

    def bring_up(self, name: str) -> None:
        """Show a pane in its place, without giving it the keys."""
        self.recent.remove(name)
        self.recent.insert(0, name)

    def give_keys(self, pane: str) -> None:
        """Show a pane and give it the keys."""
        self.bring_up(pane)
        self.place()
        self.set_focus(self._visited.get(pane) or self._first_of(pane))

    def _first_of(self, pane: str) -> Widget:
        """Return what gets the keys in a pane that was not visited yet."""
        _, first = pane_named(pane).widget(bool(self.view.others))
        return self.query_one(f"#{first}")

    def give_back_keys(self) -> None:
        """Take the keys from the field that has them; they are commands again."""
        self.set_focus(self._first_of(self.pane))

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Notice which pane has the keys, however it got them."""
        # Messages lag behind the keys: what counts is who has the focus now.
        focused = self.focused
        if focused is None or self.settling:
            return
        for name in NAMES:
            if self.query_one(f"#{self.widget_of(name)}") in focused.ancestors_with_self:
                self._visited[name] = focused
                self.pane = name
        self._help_with(focused)
        self.find_situation()

    def on_descendant_blur(self, event: events.DescendantBlur) -> None:
        """Notice that a field is left."""
        self.find_situation()

    def _help_with(self, widget: Widget) -> None:
        """Say under the pictures what the place that has the keys is for."""
        tooltip = widget.tooltip
        note = tooltip if isinstance(tooltip, str) else self.about(widget)
        if note != self.note:
            self.note = note
            self.show_now()

    def about(self, widget: Widget) -> str:
        """Return what a place is for that does not say so itself."""
        return self.hint

    # --- looks -----------------------------------------------------------------------------

    def action_toggle_log(self) -> None:
        """Turn the logarithmic axis on or off."""
        self.look_through(log=not self.lens.log)
        self.remember()

    def action_next_quantity(self) -> None:
        """Show the next quantity that the run has."""
        found = self._quantities()
        place = found.index(self.lens.quantity) if self.lens.quantity in found else 0
        self.look_through(quantity=found[(place + 1) % len(found)])

    def _quantities(self) -> Sequence[str]:
        from ..drawing.curves.quantities import QUANTITIES

        history = self.view.history
        rows = history.series.get("train") if history is not None else None
        return [name for name in QUANTITIES if rows is None or name in rows.columns] or ["loss"]

    def action_next_smoothing(self) -> None:
        """Smooth the curves more, or not at all."""
        from ..drawing.curves.curves import SMOOTHINGS

        self.look_through(smoothing=(self.lens.smoothing + 1) % len(SMOOTHINGS))
        self.remember()

    def action_turn_result(self) -> None:
        """Show the best weights of a run that is over, or its last ones."""
        if self.has("result"):
            self.look_through(weights="last" if self.view.weights == "best" else "best")

    def action_next_glyphs(self) -> None:
        """Draw with other glyphs."""
        self.look = self.look.next_glyphs()
        self.remember()

    def action_next_theme(self) -> None:
        """Use other colours."""
        self.look = self.look.next_palette()
        self.app.theme = self.look.palette.name
        self.remember()

    def action_next_exhibit(self, by: int) -> None:
        """Show another picture of the network."""
        from ..pictures.gallery import next_exhibit

        self.look_through(exhibit=next_exhibit(self.view, by))
        self._bring_up_pictures()

    def action_next_layer(self) -> None:
        """Show the next layer's weights."""
        from ..pictures.gallery import next_layer

        self.look_through(layer=next_layer(self.view, 1))
        self._bring_up_pictures()

    def action_next_member(self, by: int) -> None:
        """Show the next member of a population: after the last one all of them together."""
        members = self._members()
        if members:
            # 0 stands for all of them.
            now = 0 if self.view.member is None else self.view.member + 1
            self._look_at((now + by) % (members + 1))

    @work(group="members", exclusive=True)
    async def action_choose_member(self) -> None:
        """Choose which member of a population to look at."""
        from ..dialogs.members import MemberDialog
        from ..drawing.members.list import gather_members, judged_by

        view = self.view
        if not self._members() or view.history is None:
            return
        rows = gather_members(view.history, view.at)
        if not rows:
            self.say("No step is done yet: there is nothing to tell members apart by.")
            return
        now = 0 if view.member is None else view.member + 1
        judged = judged_by(view.history)
        order = self.member_order if judged or self.member_order != "accuracy" else "number"
        dialog = MemberDialog(rows, now, self.look, judged=judged, order=order)
        chosen = await self.app.push_screen_wait(dialog)
        self.member_order = dialog.order
        if chosen is not None:
            self._look_at(chosen)

    def _look_at(self, number: int) -> None:
        """Show a member, counted from 1, or all of them: 0."""
        self.look_through(member=number - 1 if number else None)

    def _members(self) -> int:
        """Return how many members there are to choose from; none, and say so, without any."""
        header = self.view.history.header if self.view.history is not None else None
        if header is None or header.members == 1:
            self.say("This run has one network; population.seeds in the setup trains several.")
            return 0
        return header.members

    def _bring_up_pictures(self) -> None:
        """Show the pictures where they share a place with others."""
        if self.form == "one":
            self.pane = "network"
        else:
            self.bring_up("network")
            self.place()

    def action_screenshot(self) -> None:
        """Save the screen as SVG, and the pane that has the keys as text."""
        from pathlib import Path

        from .screenshot import save_screenshot

        pane = self.query_one(f"#{self.widget_of(self.pane)}")
        name = f"{self.view.run}-step-{self.view.at}" if self.view.run else f"epochal-{self.pane}"
        try:
            saved = save_screenshot(self.app, pane, name, Path.cwd())
        except OSError as error:
            self.complain(f"The screenshot could not be saved: {error}")
        else:
            self.say(f"Saved: {', '.join(str(path) for path in saved)}")

    # --- reading ---------------------------------------------------------------------------

    def _timeline(self) -> Timeline:
        """Return which steps are shown and read, as wide as the curves are drawn."""
        from ..watching.traces import timeline

        width = self.query_one("#curves").content_size.width or self.size.width
        return timeline(self.view, width)

    def read(self, timeline: Timeline) -> None:
        """Show these steps, and read this one."""
        self.look_through(cursor=timeline.cursor, window=timeline.window)

    def action_move_cursor(self, columns: int) -> None:
        """Read the step some columns further on."""
        if not self._passed_result(columns):
            self.read(self._timeline().moved(columns))

    def action_step_cursor(self, steps: int) -> None:
        """Read the step some steps further on."""
        if not self._passed_result(steps):
            self.read(self._timeline().stepped(steps))

    def _passed_result(self, by: int) -> bool:
        """Go between a run's last step and its result, which is a place of its own after it."""
        if not self.view.weights or not self.has("result"):
            return False
        if (self.view.weights == "best") == (by > 0):
            # Beyond the result there is nothing.
            return by > 0
        self.look_through(weights="best" if by > 0 else "last")
        return True

    def action_cursor_home(self) -> None:
        """Read the first step that is shown."""
        self.read(self._timeline().home())

    def action_follow_newest(self) -> None:
        """Read the newest step, and show all of them."""
        self.look_through(weights="")
        self.read(self._timeline().followed())

    def action_zoom(self, by: int) -> None:
        """Show half as many steps, or twice as many."""
        self.read(self._timeline().zoomed(by))

    def action_pan(self, by: int) -> None:
        """Show later steps, or earlier ones."""
        self.read(self._timeline().panned(by))

    def point_at(self, step: int) -> None:
        """Read a step."""
        self.read(self._timeline().pointed(step))

    def zoom_around(self, by: int, step: int) -> None:
        """Show more or fewer steps around one."""
        self.read(self._timeline().zoomed(by, around=step))
