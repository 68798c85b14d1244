"""A run as a film of the lab's screen: what a player is sent, and what a picture shows."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyte
import pytest

from engine import cli
from engine.errors import EpochalError
from engine.exports.export import Export, ExportFile
from engine.recording.loading import load_history
from engine.runs.folder import RunFolder
from tests.hostile import hostile_run
from tui.cli import film_files, main
from tui.film import asciicast, gif
from tui.film.shots import Shots, shots_of
from tui.style.glyphs import BLOCKS
from tui.style.look import Look

SIZE = (100, 30)


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Export:
    folder = hostile_run(tmp_path_factory.mktemp("hostile"))
    history = load_history(folder.recording)
    return Export(
        folder=folder,
        history=history,
        path=Path("nowhere"),
        seconds=1.0,
        size="100x30",
        film=film_files,
    )


@pytest.fixture(scope="module")
def shots(export: Export) -> Shots:
    return shots_of(export, Look(BLOCKS))


def written(file: ExportFile) -> bytes:
    out = io.BytesIO()
    file.write(out)
    return out.getvalue()


@pytest.fixture
def filmed(shots: Shots, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is filmed already is not filmed again."""
    for form in (asciicast, gif):
        monkeypatch.setattr(form, "shots_of", lambda export, look: shots)


def test_the_lab_is_shown_at_each_step_up_to_the_last(shots: Shots) -> None:
    texts = ["\n".join(line.text for line in shot.lines) for shot in shots.shots]
    assert {len(text.splitlines()) for text in texts} == {SIZE[1]}
    assert "step 0/30" in texts[0]
    assert "step 30/30" in texts[-1]
    assert "finished" in texts[-1]
    assert len({*texts}) == len(texts)


@pytest.mark.usefixtures("filmed")
def test_a_player_shows_what_the_lab_showed(export: Export, shots: Shots) -> None:
    (file,) = asciicast.files(export)
    header, *events = map(json.loads, written(file).decode().splitlines())
    assert header.keys() == {"version", "width", "height", "title"}
    assert (header["version"], header["width"], header["height"]) == (2, *SIZE)
    assert [kind for _, kind, _ in events] == ["o"] * (len(shots.shots) + 1)
    assert events[-1][0] == pytest.approx(1.0)
    screen = pyte.Screen(*SIZE)
    stream = pyte.Stream(screen)
    for (_, _, sent), shot in zip(events, shots.shots, strict=False):
        stream.feed(sent)
        assert [line.rstrip() for line in screen.display] == [
            line.text.rstrip() for line in shot.lines
        ]


@pytest.mark.usefixtures("filmed")
def test_no_text_of_a_run_acts_on_a_terminal_that_plays_it(export: Export) -> None:
    (file,) = asciicast.files(export)
    for line in written(file).decode().splitlines():
        told: Any = json.loads(line)
        text = told["title"] if isinstance(told, dict) else told[2]
        rest = re.sub(r"\x1b\[[0-9;]*[mH]|\x1b\[\?25l\x1b\[2J", "", text)
        assert rest.isprintable()


@pytest.mark.usefixtures("filmed")
def test_a_gif_has_every_shot_for_its_time(export: Export, shots: Shots) -> None:
    image = pytest.importorskip("PIL.Image")
    (file,) = gif.files(export)
    picture = image.open(io.BytesIO(written(file)))
    assert picture.n_frames == len(shots.shots)
    durations = []
    for frame in range(picture.n_frames):
        picture.seek(frame)
        durations.append(picture.info["duration"] / 1000)
    assert durations == pytest.approx([shot.seconds for shot in shots.shots], abs=0.01)
    assert picture.info["loop"] == 0
    assert picture.width % SIZE[0] == picture.height % SIZE[1] == 0
    # It is drawn on: letters, a region, lines.
    assert len(picture.convert("RGB").getcolors(1 << 16)) > 20


def test_a_size_that_is_none_is_refused(export: Export) -> None:
    for size, why in (("big", "as in 100x30"), ("500x30", "at most 240x80")):
        with pytest.raises(EpochalError, match=why):
            shots_of(replace(export, size=size), Look())


def command(program: Any, *arguments: str) -> int | str | None:
    with pytest.raises(SystemExit) as left:
        program(["export", *arguments])
    return left.value.code


def test_the_command_films_and_without_a_screen_it_says_so(
    export: Export, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, path = str(export.folder.path), str(tmp_path / "a.cast")
    film = (run, path, "--to", "asciicast", "--size", "40x12", "--seconds", "1")
    assert command(cli.main, *film) == 2
    assert "films the lab's screen, and none is here" in capsys.readouterr().err
    assert command(main, *film) == 0
    assert json.loads(Path(path).read_text().splitlines()[0])["width"] == 40
    assert command(main, *film) == 2
    assert "is there already" in capsys.readouterr().err
    assert command(main, run, "a.csv", "--to", "csv", "--seconds", "3") == 2
    assert "--to csv has none; these have: svg, asciicast, gif" in capsys.readouterr().err


def test_a_run_that_nothing_is_known_of_is_no_film(tmp_path: Path, capsys: Any) -> None:
    folder = RunFolder(tmp_path / "runs" / "a-run")
    folder.path.mkdir(parents=True)
    assert command(main, str(folder.path), str(tmp_path / "a.cast"), "--to", "asciicast") == 2
    assert "a-run" in capsys.readouterr().err
