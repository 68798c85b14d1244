"""The setup in the lab: the draft that the next run trains, and the presets it comes from."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from textual.message import Message

from engine.errors import EpochalError

from ..panes.setup.messages import DEVICE_KEY
from ..panes.setup.pane import PresetEntry, SetupPane
from ..setup.undo import Undo
from .messages import READING, Messages
from .part import LabScreen

if TYPE_CHECKING:
    from engine.runs.folder import RunFolder

    from ..panes.setup.messages import TypedText
    from ..setup.draft import Draft
    from ..watching.workers import Workshop
    from .opening import Opening

FIRST_PRESET: Final = "two-moons"
"""What the setup shows where no preset was asked for."""


@dataclass
class PresetsRead(Message):
    """The presets are there, and the draft the lab opens with."""

    entries: tuple[PresetEntry, ...] = ()
    draft: Draft | None = None
    trouble: str = ""


@dataclass(eq=False)
class Setup:
    """The draft, and what was typed into it."""

    screen: LabScreen
    messages: Messages
    typed: Callable[[], Iterable[TypedText]]
    """Returns what the fields say: some of it may be on its way, or wait for a rest in typing."""
    ready: bool = False
    """Whether the presets were read."""
    waiting: list[Callable[[], None]] = field(default_factory=list)
    """What was asked for before they were."""
    undo: Undo = field(default_factory=Undo)
    """What was changed, change by change."""
    _drafts: dict[str, Draft] = field(default_factory=dict)
    """What was changed in presets that are not shown now."""
    _typed_in: str = ""
    """The setting whose field is being read."""
    _turning: bool = False
    """Whether a change is being taken back, which is no change itself."""

    def draft_now(self) -> Draft | None:
        """Return what the next run will train, all that was typed taken in."""
        self.take_in_typed()
        return self.screen.draft

    def get_ready(self, read: PresetsRead) -> None:
        """Show the presets, now that they are read, and the draft the lab opens with."""
        self.screen.presets, self.screen.draft, self.ready = read.entries, read.draft, True
        if read.draft is None:
            self.screen.query_one(SetupPane).ask_for_one()

    def do_waiting(self) -> None:
        """Do what was asked for before the presets were read."""
        waiting, self.waiting = self.waiting, []
        for each in waiting:
            each()

    def waits(self, asked: Callable[[], None]) -> bool:
        """Return whether the setup is still to come; what is asked is then done when it is there.

        Args:
            asked: What needs it.
        """
        if self.ready:
            return False
        self.waiting = [asked]
        self.messages.note = f"{READING[:-1]}; the run starts then."
        self.screen.show_now()
        return True

    def choose(self, preset: str) -> None:
        """Show another preset; what was changed in the one before is kept for coming back."""
        from ..setup.draft import Draft

        if (before := self.draft_now()) is not None:
            self._drafts[before.name] = before
        try:
            self.screen.draft = self._drafts.get(preset) or Draft.load(preset)
        except EpochalError as error:
            self.messages.complain(str(error))

    def take_in(self, typed: TypedText) -> None:
        """Have the draft say what was typed, unless it knows that or newer already."""
        screen = self.screen
        if typed.change <= screen.heard.get(typed.key, 0):
            return
        screen.heard = {**screen.heard, typed.key: typed.change}
        if typed.key == DEVICE_KEY:
            screen.device = typed.text
        elif screen.draft is not None:
            self._typed_in = typed.key
            screen.draft = screen.draft.with_text(typed.key, typed.text)
            self._typed_in = ""

    def take_in_typed(self) -> None:
        """Have the draft know all that was typed, before it is used or replaced."""
        for typed in self.typed():
            self.take_in(typed)

    def change(self, how: Callable[[Draft], Draft]) -> None:
        """Change the draft, if there is one."""
        if (draft := self.draft_now()) is not None:
            self.screen.draft = how(draft)

    def note(self, before: Draft | None, after: Draft | None) -> None:
        """Take down that the draft has changed, for it to be taken back."""
        if before is not None and after is not None and not self._turning:
            self.undo.note(before, after, self._typed_in)

    def action_undo(self) -> None:
        """Take back the last change."""
        self._turn(self.undo.undone)

    def action_redo(self) -> None:
        """Do again what was taken back last."""
        self._turn(self.undo.redone)

    def _turn(self, how: Callable[[Draft], Draft]) -> None:
        if (draft := self.draft_now()) is not None:
            self._turning = True
            self.screen.draft = how(draft)
            self._turning = False

    def action_undo_changes(self) -> None:
        """Set every setting back to what the preset says."""
        self.change(lambda draft: draft.without_changes())

    async def action_open_data(self) -> None:
        """Ask for a data file, and write a preset for it."""
        from ..dialogs.dialog import LineDialog

        ask = LineDialog("Open data", "", "people.csv", 4096, "enter looks into it, esc leaves")
        if path := (await self.screen.app.push_screen_wait(ask) or "").strip():
            await self.open_data(Path(path).expanduser())

    async def open_data(self, file: Path) -> None:
        """Look into a data file, let its columns be chosen, and show the preset that is written."""
        from engine.data.profile.profile import profile_of

        from ..dialogs.data_file import DataFileDialog
        from ..setup.draft import Draft
        from ..setup.file_choice import FileChoice

        self.messages.say(f"reading {file.name}")
        try:
            choice = FileChoice(await asyncio.to_thread(profile_of, file))
            dialog = DataFileDialog(choice, self.screen.look)
        except EpochalError as error:
            self.messages.complain(str(error))
            return
        if (path := await self.screen.app.push_screen_wait(dialog)) is not None:
            self.screen.presets, self.screen.draft = preset_entries(), Draft.load(str(path))
            self.messages.say(f"Written: {path}; its comments say what was found")

    async def action_save_preset(self) -> None:
        """Save the setup as a preset of one's own."""
        from ..dialogs.save_preset import ask_and_save
        from ..setup.draft import Draft

        draft = self.draft_now()
        if not self.ready:
            self.messages.say(f"{READING[:-1]}; there is nothing to save yet.")
        elif draft is None or draft.experiment is None:
            self.messages.complain("The setup does not hold yet, so it cannot be saved.")
        elif (path := await ask_and_save(self.screen.app, draft)) is not None:
            self.screen.presets, self.screen.draft = preset_entries(), Draft.load(str(path))
            self.messages.say(f"Saved: {path}")


def preset_entries() -> tuple[PresetEntry, ...]:
    """Return every preset for the list."""
    from engine.presets import preset as presets

    return tuple(PresetEntry(item.name, item.title) for item in presets.catalogue())


def read_presets(opening: Opening, workshop: Workshop) -> PresetsRead:
    """Return every preset, and what the setup shows first; start a worker meanwhile."""
    read = PresetsRead()
    try:
        if opening.run is None:
            workshop.warm_up()
        read.entries = preset_entries()
        read.draft = first_draft(opening, [entry.name for entry in read.entries])
    except (EpochalError, OSError) as error:
        read.trouble = str(error)
    return read


def first_draft(opening: Opening, names: Sequence[str]) -> Draft:
    """Return what the setup shows first: the run's experiment, the preset asked for, or one.

    Raises:
        PresetError: It does not hold.
    """
    from ..setup.draft import Draft

    if opening.run is not None:
        # A run whose experiment this version does not understand can still be looked at.
        with contextlib.suppress(EpochalError):
            return draft_of(opening.run)
    usual = FIRST_PRESET if FIRST_PRESET in names or not names else names[0]
    return Draft.load(opening.preset or usual, opening.overrides)


def draft_of(folder: RunFolder) -> Draft:
    """Return the draft that repeats a run.

    Raises:
        PresetError: Its folder does not hold the experiment.
        RunError: It has none.
    """
    from engine.experiment.changes import preset_of
    from engine.presets import preset as presets
    from engine.text.run_names import beginning_of

    from ..setup.draft import Draft

    experiment = presets.load(str(folder.experiment_file)).experiment
    return Draft.of(preset_of(experiment, beginning_of(folder.name)), experiment)
