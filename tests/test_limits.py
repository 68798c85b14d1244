"""Files that are not what they should be: no reader waits for one, or takes what it would take.

Each reader of a file from outside is given what nobody would have written, in a process of its
own that may compute for five seconds and take 300 MB more than it had.
"""

from __future__ import annotations

import contextlib
import io
import os
import resource
import signal
import sys
import traceback
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
import torch  # noqa: F401 (what a checkpoint of old is read by: no child has room to import it)
from pydantic import ValidationError

from engine.data.file import File
from engine.errors import EpochalError
from engine.headless import run as headless
from engine.lectures import lecture
from engine.presets import preset
from engine.recording import checkpoints, kept_weights
from engine.recording.file import glimpse, read
from engine.recording.history import History
from engine.recording.lines import encode
from engine.runs.catalogue import Archive
from engine.runs.folder import RunFolder
from engine.runs.notes import Notes
from engine.runs.processes import appointed
from engine.runs.requests import Inbox
from engine.runs.summary import glance
from engine.sweeps import plan
from engine.sweeps.listing import sweeps_in
from engine.text.files import last_lines
from tests.runs import COLUMNS, end, header, rows
from tui.lab.opening import Memory
from tui.lecture.presenting import Audience, presentations
from tui.watching.watch import Watch

SECONDS: Final = 5
"""Seconds of a processor that reading a file may take."""
BYTES: Final = 300 << 20
"""Bytes that it may take in memory."""
HANGING: Final = 120
"""Seconds after which a reader waits for what never comes."""

RECORDING: Final = b"".join(
    encode(each, COLUMNS) for each in (header("run"), rows(1, [0.5, 0.25]), end(2))
)
LIVE: Final = b"".join(encode(each, COLUMNS) for each in (header("run"), rows(1, [0.5])))
PLAN: Final = (
    b'{"kind":"sweep","identity":"0","format":1,"name":"s","version":"1","made":1.0,'
    b'"keys":[],"bases":[{"preset":"p","text":""}]}\n'
)
TOML: Final = b'title = "A"\n'
REQUEST: Final = b'{"id":"a","viewer":"b","action":"stop","arguments":{},"time":1.0}\n'


def watched(folder: RunFolder) -> None:
    watch = Watch(folder)
    watch.poll()
    while watch.behind:
        watch.poll()
    watch.standing(watch.history.last_step)


def recording(path: Path) -> None:
    folder = RunFolder(path.parent)
    glance(folder)
    history = History()
    with contextlib.suppress(EpochalError):
        history.extend(read(path))
    with contextlib.suppress(EpochalError):
        glimpse(path, 1 << 19)
    watched(folder)
    list(Archive(path.parent.parent).runs())


def log(path: Path) -> None:
    last_lines(path, 5)
    headless._log_lines(RunFolder(path.parent))
    Watch(RunFolder(path.parent))._last_words()


def presented(path: Path) -> None:
    runs = path.parent.parent
    Audience(runs, path.stem).poll()
    presentations(runs)


def sweep(path: Path) -> None:
    plan.identity_in(path)
    sweeps_in(path.parent.parent)
    plan.read(path)


def rows_of(path: Path) -> None:
    try:
        File.model_validate({"kind": "file", "path": str(path), "task": "numbers"})
    except ValidationError as error:
        if "does not fit into memory" in str(error):
            raise MemoryError from error


READERS: dict[str, tuple[str, bytes, Callable[[Path], object]]] = {
    "a recording": ("run/recording.jsonl", RECORDING, recording),
    "a recording that goes on": ("run/recording.jsonl", LIVE, recording),
    "notes": ("run/notes.toml", b'name = "A"\n', lambda path: Notes.load(RunFolder(path.parent))),
    "a worker's log": ("run/worker.log", b"It did not go well.\n", log),
    "a run without a recording": (
        "run/experiment.toml",
        TOML,
        lambda path: list(Archive(path.parent.parent).runs()),
    ),
    "whose run it is": (
        "run/worker.json",
        b'{"pid": 1}',
        lambda path: appointed(RunFolder(path.parent)),
    ),
    "requests": (
        "run/control/somebody.jsonl",
        REQUEST,
        lambda path: Inbox(RunFolder(path.parent.parent)).poll(),
    ),
    "a preset": ("a.toml", TOML, lambda path: preset.load(str(path))),
    "a lecture": ("a.toml", TOML, lambda path: lecture.load(str(path))),
    "a checkpoint": ("step-1.safetensors", b"", checkpoints.read),
    "a checkpoint of old": ("last.pt", b"", kept_weights._read_checkpoint),
    "what is presented": (".presenting/a.json", b'{"format": 1}', presented),
    "a sweep": ("sweep/sweep.jsonl", PLAN, sweep),
    "what a lab remembers": ("lab.json", b'{"theme": "epochal"}', Memory),
    "CSV": ("a.csv", b"x,y\n1,2\n3,4\n", rows_of),
    "TSV": ("a.tsv", b"x\ty\n1\t2\n3\t4\n", rows_of),
    "NPZ": ("a.npz", b"PK", rows_of),
    "Parquet": ("a.parquet", b"PAR1", rows_of),
}
"""Every reader of a file from outside: what the file is called, how one begins, and it."""


def pipe(path: Path, beginning: bytes) -> None:
    os.mkfifo(path)


def folder(path: Path, beginning: bytes) -> None:
    path.mkdir()


def device(path: Path, beginning: bytes) -> None:
    path.symlink_to("/dev/zero")


def hole(path: Path, beginning: bytes) -> None:
    with path.open("wb") as file:
        file.write(beginning)
        file.truncate(3 << 30)


def hole_and_more(path: Path, beginning: bytes) -> None:
    hole(path, beginning)
    with path.open("ab") as file:
        file.write(b"\n" + beginning)


def written(body: bytes) -> Callable[[Path, bytes], None]:
    return lambda path, beginning: (path.write_bytes(beginning + body), None)[1]


HOSTILE: dict[str, Callable[[Path, bytes], None]] = {
    "a pipe": pipe,
    "a folder": folder,
    "a device": device,
    "a hole": hole,
    "a hole in its middle": hole_and_more,
    "zeros": written(b"\0" * (40 << 20)),
    "a long line": written(b"a" * (40 << 20)),
    "long rows": written(b'{"kind":"series","data":"' + b"A" * (40 << 20) + b'"}\n'),
    "short lines": written(b"1,2\n" * (2 << 20)),
    "short lines of bytes that are none": written(b"\0\n" * (2 << 20)),
    "lists in lists": written(b"a=" + b"[" * 1_000_000),
    "JSON in JSON": written(b'{"a":' * 1_000_000),
    "a thousand tables in tables": written(b'{"kind":"header","experiment":' + b'{"a":' * 900),
    "lists of nothing": written(b'{"kind":"end","result":[' + b"[]," * (8 << 20) + b"0]}\n"),
    "a key of many parts": written(b"a." * 40_000 + b"a = 1\n"),
    "keys of many parts": written(b"".join(b"[k%d.a.a.a.a]\n" % at for at in range(60_000))),
}
"""What lies where a file should be."""


def _limit() -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + BYTES
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(HANGING)


def _refused(reader: Callable[[Path], object], path: Path) -> None:
    try:
        reader(path)
    except (EpochalError, OSError) as error:
        # Where nothing limits it, that would be the memory of the machine.
        if "memory" in str(error).lower():
            raise MemoryError from error


def outcome(reader: Callable[[Path], object], path: Path) -> str:
    """What comes of reading a file within the limits: nothing where it was read or refused."""
    hearing, telling = os.pipe()
    child = os.fork()
    if not child:
        try:
            _limit()
            _refused(reader, path)
        except BaseException:  # Told to whoever asked, and the end of this process.
            os.write(telling, traceback.format_exc()[-2000:].encode())
        finally:
            os._exit(0)
    os.close(telling)
    with os.fdopen(hearing, "rb") as heard:
        said = heard.read().decode()
    ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return said or (signal.Signals(-ended).name if ended else "")


@pytest.mark.skipif(sys.platform != "linux", reason="memory is limited so on Linux alone")
@pytest.mark.parametrize("reader", READERS)
def test_a_reader_takes_little_for_whatever_lies_there(reader: str, tmp_path: Path) -> None:
    name, beginning, reads = READERS[reader]
    outcomes = {}
    for number, (hostile, make) in enumerate(HOSTILE.items()):
        path = tmp_path / str(number) / name
        path.parent.mkdir(parents=True)
        make(path, beginning)
        outcomes[hostile] = outcome(reads, path)
        if path.is_file() and not path.is_symlink():
            path.unlink()
    assert {hostile: said for hostile, said in outcomes.items() if said} == {}


def test_what_a_reader_passes_over_is_said(tmp_path: Path) -> None:
    path = tmp_path / "run" / "recording.jsonl"
    path.parent.mkdir()
    path.write_bytes(
        LIVE + b"{torn\n" + b"\0" * (33 << 20) + b"\n" + RECORDING.splitlines(True)[-1]
    )
    watch = Watch(RunFolder(path.parent))
    watch.poll()
    while watch.behind:
        watch.poll()
    said = "passed over in its recording: 1 line torn or without sense, 34.6 MB in lines too long"
    assert watch.standing(1).note == said
    assert watch.history.end is not None


def npz(**arrays: bytes) -> bytes:
    """An archive of arrays of NumPy, each as its file has it."""
    with io.BytesIO() as body:
        with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, array in arrays.items():
                archive.writestr(f"{name}.npy", array)
        return body.getvalue()


def declared(shape: str, kind: str = "<f8") -> bytes:
    """The beginning of an array that says how large it is."""
    said = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}".encode()
    return b"\x93NUMPY\x01\x00" + len(said).to_bytes(2, "little") + said


def parquet(*columns: Any) -> bytes:
    """A file of columns, packed as well as they can be."""
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    table = pyarrow.table({f"c{index}": column for index, column in enumerate(columns)})
    with io.BytesIO() as body:
        parquet.write_table(table, body, compression="zstd")
        return body.getvalue()


PACKED: dict[str, Callable[[], tuple[str, bytes]]] = {
    "an array that says it has a trillion rows": lambda: (
        ".npz",
        npz(x=declared("(1000000000000,)")),
    ),
    "zeros": lambda: (".npz", npz(x=declared(f"({15 << 20},)") + bytes(8 * 15 << 20))),
    "texts": lambda: (".npz", npz(x=declared(f"({15 << 20},)", "<U1") + bytes(4 * 15 << 20))),
    "rows of one number": lambda: (".parquet", parquet(np.zeros(60_000_000, np.int8))),
    "rows of one text": lambda: (".parquet", parquet(["a" * 100_000] * 5000, range(5000))),
}
"""Small files that say that they are large ones, or are when they are unpacked."""


@pytest.mark.skipif(sys.platform != "linux", reason="memory is limited so on Linux alone")
@pytest.mark.parametrize("what", PACKED)
def test_a_packed_file_takes_little(what: str, tmp_path: Path) -> None:
    ending, body = PACKED[what]()
    path = tmp_path / f"a{ending}"
    path.write_bytes(body)
    assert outcome(rows_of, path) == ""


def test_a_reader_of_a_good_file_is_given_one(tmp_path: Path) -> None:
    """Otherwise what is refused would be refused for another reason."""
    for reader in ("a recording", "notes", "a preset", "a sweep", "requests", "CSV"):
        name, beginning, reads = READERS[reader]
        path = tmp_path / reader / name
        path.parent.mkdir(parents=True)
        path.write_bytes(beginning)
        reads(path)
