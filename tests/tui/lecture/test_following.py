"""From a lab to a lab that follows: the same runs, the same step, the same colours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from engine.figures.figures import spoken
from engine.figures.readings import of_history, of_scene
from engine.lectures import lecture as lectures
from engine.recording.file import read as events_of
from engine.recording.history import History
from engine.runs.folder import RunFolder
from tests.runs import end, record, rows
from tui.lecture.following import lead, place_of, presented_of, programme_of, recast, runs_of
from tui.lecture.presented import Message, Presented, ShownRun, read, write
from tui.replay.player import Player
from tui.replay.tempo import Stop, Tempo
from tui.watching.cast import Cast
from tui.watching.view import Lens


class Time:
    """A clock that stands still until it is moved."""

    def __init__(self, at: float = 1000.0) -> None:
        self.at = at

    def __call__(self) -> float:
        return self.at


def of_run(name: str, **changes: Any) -> Presented:
    return Presented(runs=(ShownRun(place=name),), **changes)


def a_run(folder: Path, name: str) -> RunFolder:
    run = RunFolder(folder / name)
    record(run, rows(1, [0.5, 0.4, 0.3]), end())
    return run


class StandIn:
    """A player that stands still."""

    head, playing, tempo = 2, True, Tempo("steps", 20.0, 4.0)


def test_a_follower_shows_the_same_runs_in_the_same_colours(tmp_path: Path) -> None:
    one, two, three = (a_run(tmp_path, name) for name in ("one", "two", "three"))
    cast = Cast()
    cast.show(one)
    cast.show(two, beside=True)
    cast.toggle(three)
    cast.toggle(one)
    shown = presented_of(tmp_path, cast, Lens(log=True), StandIn(), pane="network", big=True)  # type: ignore[arg-type]
    assert [(run.name, run.slot) for run in shown.runs] == [("two", 1), ("three", 2)]
    assert (shown.head, shown.playing, shown.tempo.speed) == (2, True, 4.0)
    assert (shown.lens, shown.pane, shown.big) == (Lens(log=True), "network", True)

    theirs = Cast()
    assert recast(theirs, shown, tmp_path)
    assert theirs.seats == cast.seats
    lead = theirs.lead
    theirs.poll()
    assert not recast(theirs, shown, tmp_path)
    assert theirs.lead is lead
    assert [trace.slot for trace in theirs.traces()] == [2]
    assert recast(theirs, Presented(), tmp_path)
    assert theirs.seats == []


def test_a_run_keeps_what_was_read_of_it_when_another_is_shown(tmp_path: Path) -> None:
    a_run(tmp_path, "one"), a_run(tmp_path, "two")
    cast, both = Cast(), (ShownRun(place="one"), ShownRun(place="two", slot=1))
    recast(cast, Presented(runs=both), tmp_path)
    first, second = cast.lead, cast.others[0]
    recast(cast, Presented(runs=both[::-1]), tmp_path)
    assert (cast.lead, cast.others) == (second, [first])


def test_a_run_is_found_wherever_the_folder_of_runs_is_mounted(tmp_path: Path) -> None:
    here, there = tmp_path / "here" / "runs", tmp_path / "there"
    here.mkdir(parents=True)
    there.symlink_to(here)
    run = RunFolder(here / "moons-1")
    presented = of_run(place_of(run, there))
    assert presented.runs[0].place == "moons-1"
    assert runs_of(presented, Path("/elsewhere")) == (RunFolder(Path("/elsewhere/moons-1")),)
    outside = RunFolder(tmp_path / "by-mail.jsonl")
    presented = of_run(place_of(outside, here))
    assert presented.runs[0].name == "by-mail"
    assert runs_of(presented, here) == (outside,)


def test_a_followers_player_stands_where_the_presenters_does(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "one")
    record(run, rows(1, [0.5] * 100), end(100))
    history = History()
    history.extend(events_of(run.recording))
    clock = Time()
    player = Player(history, lambda: [Stop(40, "Forty", pause=True)], Tempo("keys", 0.0), clock)
    fast = Tempo("steps", 20.0, 8.0)
    for head, shown in ((30, 30), (40, 40), (41, 41), (7, 7), (500, 100), (None, 100)):
        transport = lead(player, of_run("one", head=head, playing=True, tempo=fast))
        clock.at += 60
        assert player.tick() == shown
        assert (transport.step, transport.playing, transport.tempo) == (shown, True, fast)
    assert not lead(player, of_run("one", head=3)).playing


def test_every_scene_of_the_shipped_lectures_can_be_presented() -> None:
    for listing in lectures.catalogue():
        script = lectures.load(listing.name)
        scenes = script.lecture.scenes
        for index, scene in enumerate(scenes):
            programme = programme_of(script, index, 5.0, 6.0)
            said = write(Message(presenter="", beat=0, presented=Presented(programme=programme)))
            assert read(said).presented.programme == programme
            assert (programme.notes, programme.heading) == (spoken(scene.notes), scene.title)
            assert not {"{", "}"} & set(programme.notes + programme.text)
            assert programme.scenes == len(scenes)
        assert programme.next_heading == ""
        assert programme_of(script, 0, 0.0, 0.0).next_heading == scenes[1].title


def test_a_presenter_s_notes_have_the_numbers_of_the_runs_that_are_shown(tmp_path: Path) -> None:
    text = 'scenes = [{ title = "a", race = ["cubic", "iris"], notes = """\n{NOTES}""" }]'
    notes = "{loss} {cubic:loss@2 = 0.7} {iris:loss@2} {iris:loss@9} {test_accuracy %}"
    (tmp_path / "x.toml").write_text(text.replace("{NOTES}", notes))
    script = lectures.load(str(tmp_path / "x.toml"))
    histories = []
    for name, losses in (("one", [0.5, 0.4, 0.3]), ("two", [2.0, 1.0, 0.5])):
        run = RunFolder(tmp_path / name)
        record(run, rows(1, losses), end(3))
        histories.append(History())
        histories[-1].extend(events_of(run.recording))
    references = script.lecture.scenes[0].references
    readings = of_scene(references, [of_history(each, 1) for each in histories])
    programme = programme_of(script, 0, 0.0, 0.0, readings)
    assert programme.notes.split() == ["0.5", "0.4", "1", "–", "87.5", "%"]
    assert programme_of(script, 0, 0.0, 0.0).notes.split() == ["–", "0.7", "–", "–", "–"]
