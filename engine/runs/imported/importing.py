"""Logs found, read and made runs of: a folder of TensorBoard's is one run, a CSV is one."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from ...errors import EpochalError, RunError
from ...recording.events import End, Event, Header, RunWarning
from ...recording.lines import header_of
from ...recording.naming import ROLES, Meanings, numbered
from ...recording.scalars import series_at
from ...recording.tail import CHUNK
from ...text.files import open_file, why
from ...text.numbers import shortest
from ...text.owned import Share
from ...text.safe import plain
from ..finding import list_runs
from ..folder import RunFolder
from ..foreign import begin
from . import EVENT_FILE, is_named_so, unpacked_name
from .csv_logs import StepColumn, read_csv
from .curves import Log, LoggedCurve, grouped_by_steps
from .tfevents import is_event_file, read_events

MOST_ENTRIES: Final = 20_000
"""Files and folders that are looked at below a folder."""

LOG_BYTES: Final = 2 << 30
"""Bytes that a log may have: what is not numbers in it is passed over."""

PIECES: Final = 500
"""Pieces in which the rows of a group are written, so that a replay goes at the log's own pace."""

HEAD: Final = 1 << 19
"""Bytes of a recording in which an import's header has room."""


@dataclass
class LogFiles:
    """The files of one log, each with what the names in it begin with."""

    called: str
    """What its run is called after."""
    files: list[tuple[Path, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Imported:
    """A log that is a run now."""

    folder: RunFolder
    steps: int
    """The last step."""
    columns: int
    """How many numbers it has at a step."""
    complaints: list[str]
    """What was left out."""


def sources(path: Path) -> list[LogFiles]:
    """Return the logs in a file or below a folder.

    Raises:
        RunError: There is none.
    """
    if path.is_file():
        return [LogFiles(_called(path), [(path, "")])]
    if not path.is_dir():
        raise RunError(f"{path}: there is no such file or folder")
    by_run: dict[Path, LogFiles] = {}
    for file in _below(path):
        place, prefix = file, ""
        if EVENT_FILE in file.name:
            place = file.parent
            if place.name.lower() in ROLES and place != path:
                place, prefix = place.parent, f"{place.name}/"
        called = place.absolute().name if place.is_dir() else _called(place)
        by_run.setdefault(place, LogFiles(called)).files.append((file, prefix))
    if not by_run:
        raise RunError(
            f"{path}: no log is in it; one is an event file of TensorBoard's (its name has "
            f"{EVENT_FILE} in it), or a CSV with a column step or epoch"
        )
    return list(by_run.values())


def import_log(
    source: LogFiles,
    runs_dir: Path,
    *,
    called: str = "",
    steps: StepColumn | None = None,
    share: Share = "nobody",
) -> Imported:
    """Make a run of a log.

    Args:
        source: Its files.
        runs_dir: Where the run's folder goes.
        called: What the run's name begins with; as the log is called where empty.
        steps: What says the steps of a table.
        share: Who else may read it.

    Raises:
        RunError: It is no log, or has no numbers.
        RecordingError: The recording cannot be written.
    """
    log, files = Log(), files_of(source)
    for path, prefix in source.files:
        _read(path, prefix, log, steps)
    curves = log.curves()
    if not curves:
        told = "".join(f"; {words}" for words in log.said()[:3])
        raise RunError(f"{source.files[0][0]}: holds no numbers over steps{told}")
    groups = _groups(curves)
    started = _started(curves, source)
    folder, recorder = begin(
        called or source.called,
        "import",
        runs_dir,
        share=share,
        columns={group: list(columns) for group, columns in groups.items()},
        files=files,
        time=started,
    )
    try:
        rows = (rows for of in groups.items() for rows in _rows(*of, started))
        recorder.copy(sorted(rows, key=lambda event: event.t))
        last = max(int(curve.steps[-1]) for curve in curves)
        recorder.record(*(RunWarning(step=last, message=words) for words in log.said()))
        recorder.record(_end(groups, last))
        recorder.close()
    except BaseException:
        shutil.rmtree(folder.path, ignore_errors=True)
        raise
    return Imported(folder, last, len(curves), log.said())


def opened(path: Path, runs_dir: Path, *, share: Share = "nobody") -> RunFolder:
    """Return the run of a log, which is imported where it was not before, as it is now.

    Raises:
        RunError: It is no log, or there are several.
        RecordingError: The recording cannot be written.
    """
    there = sources(path)
    if len(there) > 1:
        named = ", ".join(plain(run.called) for run in there[:5])
        raise RunError(
            f"{path}: {len(there)} logs are in it ({named}); epochal import takes them all"
        )
    files = files_of(there[0])
    for run in list_runs(runs_dir):
        header = _header(run)
        if header is not None and header.origin == "import" and header.files == files:
            return run
    return import_log(there[0], runs_dir, share=share).folder


def files_of(source: LogFiles) -> list[Mapping[str, Any]]:
    """Return what a header says of the files of a log: name, size and SHA-256 of each.

    Raises:
        RunError: One cannot be read, or is too large.
    """
    files: list[Mapping[str, Any]] = []
    for path, prefix in source.files:
        try:
            with open_file(path) as file:
                size = os.fstat(file.fileno()).st_size
                if size > LOG_BYTES:
                    raise RunError(
                        f"{path}: has {size / 1e9:.3g} GB, at most {LOG_BYTES / 1e9:.3g} are read"
                    )
                digest = hashlib.sha256()
                for piece in iter(lambda: file.read(CHUNK), b""):
                    digest.update(piece)
        except OSError as error:
            raise RunError(f"{path}: cannot be read: {why(error)}") from None
        files.append({"name": prefix + path.name, "size": size, "sha256": digest.hexdigest()})
    return files


def _read(path: Path, prefix: str, log: Log, steps: StepColumn | None) -> None:
    """Read a file of a log.

    Raises:
        RunError: It cannot be read, or is no log.
    """
    try:
        if is_event_file(path):
            read_events(path, log, prefix)
        elif EVENT_FILE in path.name:
            raise RunError(f"{path}: is no event file: it does not begin with a record")
        else:
            read_csv(path, log, steps)
    except OSError as error:
        raise RunError(f"{path}: cannot be read: {why(error)}") from None


def _called(log: Path) -> str:
    """Return what the run of a log is called: TensorBoard's and Lightning's by their folder."""
    stem = Path(unpacked_name(log)).stem
    named = EVENT_FILE not in log.name and stem != "metrics"
    return stem if named else log.absolute().parent.name


def _below(folder: Path) -> Iterator[Path]:
    """Yield the files below a folder that are named like logs, in order; no link is followed.

    Raises:
        RunError: There is too much in it.
    """
    looked_at = 0
    for place, folders, names in os.walk(folder):
        folders.sort()
        looked_at += len(folders) + len(names)
        if looked_at > MOST_ENTRIES:
            raise RunError(f"{folder}: holds more than {MOST_ENTRIES} files; name one below it")
        yield from (file for name in sorted(names) if is_named_so(file := Path(place, name)))


def _groups(curves: list[LoggedCurve]) -> dict[str, dict[str, LoggedCurve]]:
    """Return the curves by group and column; those of one group have the same steps."""
    meanings, roles = Meanings(), dict[str, dict[str, LoggedCurve]]()
    for curve in curves:
        role, column = meanings.of(curve.name)
        roles.setdefault(role, {})[column] = curve
    return {
        numbered(role, number): {name: of_role[name] for name in names}
        for role, of_role in roles.items()
        for number, names in enumerate(grouped_by_steps(of_role), start=1)
    }


def _started(curves: list[LoggedCurve], source: LogFiles) -> float:
    """Return when a log begins, in seconds since 1970; when it was written, where it says none."""
    times = [time for curve in curves for time in curve.times[:1] if np.isfinite(time) and time > 0]
    return float(min(times)) if times else source.files[0][0].stat().st_mtime


def _rows(group: str, columns: Mapping[str, LoggedCurve], started: float) -> Iterator[Event]:
    """Yield the rows of a group, each piece at the second at which its last was logged."""
    first = next(iter(columns.values()))
    values = np.stack([curve.values for curve in columns.values()])[:, :, None]
    # A clock that was set back makes no row come before one that it follows.
    seconds = np.fmax.accumulate(np.nan_to_num(first.times - started, posinf=0.0)).clip(0.0)
    size = max(len(first.steps) // PIECES, 1)
    for start in range(0, len(first.steps), size):
        piece = slice(start, start + size)
        series = series_at(group, first.steps[piece].tolist(), values[:, piece])
        yield replace(series, t=float(seconds[piece][-1]) if len(seconds) else 0.0)


def _end(groups: Mapping[str, Mapping[str, LoggedCurve]], last: int) -> End:
    """Return the end of an imported run, with its newest figures."""
    result: dict[str, Any] = {
        f"{role}_{measure}": shortest(groups[role][measure].values[-1])
        for role in ("train", "dev", "test")
        for measure in ("loss", "accuracy")
        if measure in groups.get(role, {})
    }
    return End(step=last, status="finished", reason="imported", result={**result, "steps": last})


def _header(run: RunFolder) -> Header | None:
    """Return the header of a run, where it is short enough to be an import's."""
    try:
        with open_file(run.recording) as file:
            return header_of(file.readline(HEAD))[0]
    except (OSError, EpochalError):
        return None
