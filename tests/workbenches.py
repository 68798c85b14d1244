"""A setup pane on a screen of its own, with what the lab does for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.reactive import reactive

from tests.stages import Stage
from tui.panes.setup.messages import DEVICE_KEY, ListChanged, PresetChosen, SettingChanged
from tui.panes.setup.pane import PresetEntry, SetupPane
from tui.setup.draft import Draft
from tui.style.look import Look


class Workbench(Stage):
    """The setup alone."""

    CSS = "#setup { border: round $border; padding: 0 1; }"
    draft: reactive[Draft | None] = reactive(None, repaint=False)
    device: reactive[str] = reactive("auto", repaint=False)
    heard: reactive[Mapping[str, int]] = reactive[Mapping[str, int]]({}, repaint=False)
    look: reactive[Look] = reactive(Look(), repaint=False)
    presets: reactive[tuple[PresetEntry, ...]] = reactive((), repaint=False)

    def __init__(self, preset: str = "two-moons", overrides: tuple[str, ...] = ()) -> None:
        super().__init__()
        self._first = Draft.load(preset, overrides)

    def compose(self) -> ComposeResult:
        yield SetupPane(id="setup").data_bind(
            Workbench.heard,
            Workbench.draft,
            Workbench.presets,
            Workbench.look,
            Workbench.device,
        )

    def on_mount(self) -> None:
        from engine.presets import preset as presets

        self.presets = tuple(PresetEntry(one.name, one.title) for one in presets.catalogue())
        self.draft = self._first

    @on(PresetChosen)
    def _choose(self, event: PresetChosen) -> None:
        self.draft = Draft.load(event.name)

    @on(SettingChanged)
    def _change(self, event: SettingChanged) -> None:
        assert self.draft is not None
        self.heard = {**self.heard, event.typed.key: event.typed.change}
        if event.typed.key == DEVICE_KEY:
            self.device = event.typed.text
        else:
            self.draft = self.draft.with_text(event.typed.key, event.typed.text)

    @on(ListChanged)
    def _change_list(self, event: ListChanged) -> None:
        assert self.draft is not None
        self.draft = self.draft.with_entry(event.list, event.what, event.index)

    def experiment(self) -> Any:
        """Return what the draft comes to."""
        return self.draft.experiment if self.draft is not None else None
