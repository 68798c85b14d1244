"""The panes of the lab: which of them stand where, and which one has the keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from textual.geometry import Offset, Region, Size, Spacing
from textual.layout import ArrangeResult, Layout, WidgetPlacement
from textual.widget import Widget

from ..panes.setup.pane import SetupPane
from ..places import NAMES, Box, arrange, form_of, pane_named, side_width
from .messages import Messages
from .part import LabScreen
from .reading import Reading

if TYPE_CHECKING:
    from engine.lectures.scenes import Scene

    from ..lecture.presented import Presented

NARROW: Final = 60
"""Below this width the setup stands in one column."""


@dataclass(eq=False)
class Panes:
    """The places of the panes, and their visits."""

    screen: LabScreen
    messages: Messages
    reading: Reading
    recent: list[str] = field(default_factory=lambda: list(NAMES))
    """The panes, the one visited last first."""
    settling: bool = False
    """Whether panes have just come back, and whoever has the keys was not asked."""
    _visited: dict[str, Widget] = field(default_factory=dict)
    """Where the keys were in each pane."""

    # --- places ----------------------------------------------------------------------------

    def lay_out(self, size: Size | None = None) -> None:
        """Use the room there is.

        Textual's breakpoints would do this only after a first frame at the wrong size.
        """
        screen, size = self.screen, size or self.screen.app.size
        screen.form = "one" if screen.maximised else form_of(size.width, size.height)
        screen.tabbed = screen.form == "one"
        screen.set_class(screen.tabbed, "-tabbed")
        screen.set_class(size.width < NARROW, "-narrow")
        screen.set_class(screen.look.glyphs.name == "ascii", "-ascii")
        self.place()

    def boxes(self, size: Size) -> dict[str, Box]:
        """Return where the panes stand that are seen."""
        wants = {}
        for name in NAMES:
            # Some panes would take no more lines than they have something to say on.
            height = self.widget_of(name).styles.height
            if height is not None and height.cells is not None:
                wants[name] = height.cells
        form, width = self.screen.form, self.reading.memory.choices.left_width
        boxes = arrange((size.width, size.height), form, self.recent, wants, width)
        return {self.id_of(name): box for name, box in boxes.items()}

    def id_of(self, name: str) -> str:
        """Return the id of what stands in a pane's place: of several runs their tables."""
        return self._widget(name)[0]

    def _widget(self, name: str) -> tuple[str, str]:
        """Return the id of what stands in a pane's place, and of what gets its keys first."""
        return pane_named(name).widget(bool(self.screen.view.others))

    def widget_of(self, name: str) -> Widget:
        """Return what stands in a pane's place."""
        return self.screen.query_one(f"#{self.id_of(name)}")

    def place(self) -> None:
        """Show the panes that have a place, and hide the others."""
        seen = self.boxes(self.screen.query_one("#panes").size or self.screen.app.size)
        for pane in self.screen.query_one("#panes").query_children(".pane"):
            pane.display = pane.id in seen
        # Asked of a pane: a widget's own layout does not make it forget where its children were.
        self.screen.query_one("#curves").refresh(layout=True)

    def change_tables(self) -> None:
        """Let the tables of several runs stand where that of one stood, or the other way."""
        pane = self.screen.pane
        self.place()
        if pane_named(pane).several:
            self._visited.pop(pane, None)
            self.give_keys(pane)

    def action_maximise(self) -> None:
        """Give the pane that has the keys the whole screen, or put it back."""
        self.screen.maximised = not self.screen.maximised
        self.lay_out()

    def action_widen(self, cells: int) -> None:
        """Make the left column wider or narrower."""
        form = self.screen.form
        if form != "one":
            width = self.screen.query_one("#panes").size.width
            now = side_width(width, form, self.reading.memory.choices.left_width)
            self.reading.remember(left_width=side_width(width, form, now + cells))
            self.place()

    # --- which has the keys ----------------------------------------------------------------

    def action_next_pane(self) -> None:
        """Go to the next pane."""
        self.screen.pane = NAMES[(NAMES.index(self.screen.pane) + 1) % len(NAMES)]

    def action_previous_pane(self) -> None:
        """Go to the pane before."""
        self.screen.pane = NAMES[NAMES.index(self.screen.pane) - 1]

    def action_show_pane(self, name: str) -> None:
        """Go to a pane."""
        assert name in NAMES
        self.screen.pane = name

    def bring_up(self, name: str) -> None:
        """Show a pane in its place, without giving it the keys."""
        self.recent.remove(name)
        self.recent.insert(0, name)

    def give_keys(self, pane: str) -> None:
        """Show a pane and give it the keys."""
        self.bring_up(pane)
        self.place()
        self.screen.set_focus(self._visited.get(pane) or self._first_of(pane))

    def _first_of(self, pane: str) -> Widget:
        """Return what gets the keys in a pane that was not visited yet."""
        return self.screen.query_one(f"#{self._widget(pane)[1]}")

    def action_leave_field(self) -> None:
        """Leave the field that takes the keys; they are commands again."""
        self.screen.set_focus(self._first_of(self.screen.pane))

    def notice_keys(self) -> None:
        """Notice which pane has the keys, however it got them."""
        # Messages lag behind the keys: what counts is who has the focus now.
        focused = self.screen.focused
        if focused is None or self.settling:
            return
        for name in NAMES:
            if self.widget_of(name) in focused.ancestors_with_self:
                self._visited[name] = focused
                self.screen.pane = name
        note = self._about(focused)
        if note != self.messages.note:
            self.messages.note = note
            self.screen.show_now()

    def _about(self, widget: Widget) -> str:
        """Return what the place that has the keys is for; of a setting, what it is."""
        if isinstance(widget.tooltip, str):
            return widget.tooltip
        around = widget.ancestors_with_self
        setup = next((each for each in around if isinstance(each, SetupPane)), None)
        return self.messages.hint if setup is None else setup.unsaid(widget)

    def settle(self) -> None:
        """Give the pane that had the keys its keys back, now that panes are seen again."""
        # While they were hidden no pane could have the keys, and the first to come may not be
        # the one that is meant.
        self.settling = True
        self.screen.call_after_refresh(self._settle)

    def _settle(self) -> None:
        self.settling = False
        self.give_keys(self.screen.pane)

    # --- what is shown in them -------------------------------------------------------------

    def action_next_exhibit(self, by: int) -> None:
        """Show another picture of the network."""
        from ..pictures.gallery import next_exhibit

        self.reading.look_through(exhibit=next_exhibit(self.screen.view, by))
        self._bring_up_pictures()

    def action_next_layer(self) -> None:
        """Show the next layer's weights."""
        from ..pictures.gallery import next_layer

        self.reading.look_through(layer=next_layer(self.screen.view, 1))
        self._bring_up_pictures()

    def _bring_up_pictures(self) -> None:
        """Show the pictures where they share a place with others."""
        if self.screen.form == "one":
            self.screen.pane = "network"
        else:
            self.bring_up("network")
            self.place()

    def show_training(self) -> None:
        """Turn to the curves, and to what the network does where it has a place of its own."""
        self.bring_up("network")
        if self.screen.pane in ("setup", "runs", "log"):
            self.screen.pane = "curves"
        else:
            self.place()

    def show_scene(self, scene: Scene) -> None:
        """Give a scene's pane the screen, or show all of them; a text covers them."""
        self.bring_up("network")
        self._show(scene.pane or "curves", maximised=scene.pane is not None)

    def show_presented(self, presented: Presented) -> None:
        """Show the panes that a presenter shows."""
        now = (self.screen.pane, self.recent, self.screen.maximised)
        if now != (presented.pane, list(presented.recent), presented.maximised):
            self.recent = list(presented.recent)
            self._show(presented.pane, maximised=presented.maximised)

    def _show(self, pane: str, *, maximised: bool) -> None:
        self.screen.maximised, self.screen.pane = maximised, pane
        self.lay_out()

    def action_screenshot(self) -> None:
        """Save the screen as SVG, and the pane that has the keys as text."""
        from .screenshot import save_screenshot

        pane, view = self.screen.pane, self.screen.view
        name = f"{view.run}-step-{view.at}" if view.run else f"epochal-{pane}"
        try:
            saved = save_screenshot(self.screen.app, self.widget_of(pane), name, Path.cwd())
        except OSError as error:
            self.messages.complain(f"The screenshot could not be saved: {error}")
        else:
            self.messages.say(f"Saved: {', '.join(str(path) for path in saved)}")


NOWHERE = Spacing()


class Board(Widget):
    """Holds the panes; where each stands is asked of whoever owns it.

    Args:
        boxes: From the board's size to the place of every pane that is seen.
    """

    def __init__(self, boxes: Callable[[Size], Mapping[str, Box]]) -> None:
        super().__init__(id="panes")
        self._places = _Places(boxes)

    @property
    def layout(self) -> Layout:
        """The places."""
        return self._places


class _Places(Layout):
    name = "places"

    def __init__(self, boxes: Callable[[Size], Mapping[str, Box]]) -> None:
        self._boxes = boxes

    def arrange(
        self, parent: Widget, children: list[Widget], size: Size, greedy: bool = True
    ) -> ArrangeResult:
        """Return the place of every child."""
        parent.pre_layout(self)
        boxes = self._boxes(size)
        return [
            WidgetPlacement(Region(*boxes[name]), Offset(0, 0), NOWHERE, child)
            for child in children
            if (name := child.id) is not None and name in boxes
        ]
