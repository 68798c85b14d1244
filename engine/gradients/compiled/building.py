"""The library of compiled steps: compiled once for a machine, kept, tried and loaded.

    of this very text, in a wheel ─► loaded
    text, compiler, flags, CPU ─► a key ─► a file in the user's own cache (cache.py)
                                             │ there: its hash is that in its name ─► loaded
                                             └ not there: compiled under a private name, tried
                                               in a child process, renamed

A file that ends the child, as one that was compiled for another CPU does, is thrown away: where
there is no library the operations are called as they are, and one line says why. Of many who ask at
once one compiles, and what came of it is heard by all who waited.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import functools
import hashlib
import importlib.util
import os
import platform
import select
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch

from ...text.files import read_file
from ...text.safe import plain
from .cache import cache_folder, own_folder
from .levels import FLAGS, FOLDER, file_of, level_of

_MOST_BYTES: Final = 16 << 20
"""Bytes of a library at most: a hundred times what it has."""

_SECONDS: Final = 120
"""What a compiler may take, and a trial."""

_MOST_SAID: Final = 1000
"""Bytes of what a compiler says that are looked at."""

_REMEDY: Final = "set XDG_CACHE_HOME to a folder that may be written into and run from"
"""What helps where nothing can be kept."""

_PRIVATE: Final = ".making"
"""How a folder's name ends in which a library is compiled."""

_TRIAL: Final = """
import ctypes, sys
try:
    library = ctypes.CDLL(sys.argv[1])
except OSError as error:
    sys.exit(str(error).splitlines()[0])
if not sys.float_info.min / 2:
    sys.exit("it has the processor take small numbers for 0, as -ffast-math in CC does")
sys.exit(0 if getattr(library, f"trial_{sys.argv[2]}")() == 1 else 3)
"""


class NoLibraryError(Exception):
    """There is no library of compiled steps here; its text is why, and what would help."""


@dataclass(frozen=True)
class Compiler:
    """A compiler of C."""

    command: tuple[str, ...]
    """How it is called."""
    stamp: str
    """What tells this version of it from another."""

    @property
    def name(self) -> str:
        """What a person calls it."""
        return Path(self.command[0]).name if len(self.command) == 1 else "ziglang"


def find_compiler() -> Compiler | None:
    """Return the compiler of this machine: ``CC``, ``cc``, ``gcc``, ``clang``, or ziglang's."""
    for call in (os.environ.get("CC", ""), "cc", "gcc", "clang"):
        # An odd CC is one that is not there.
        try:
            words = shlex.split(call)
        except ValueError:
            continue
        if words and (path := shutil.which(words[0])):
            real = Path(path).resolve()
            about = real.stat()
            return Compiler((path, *words[1:]), f"{real} {about.st_size} {about.st_mtime_ns}")
    if importlib.util.find_spec("ziglang") is not None:
        from importlib.metadata import version

        return Compiler((sys.executable, "-m", "ziglang", "cc"), f"ziglang {version('ziglang')}")
    return None


def library_of(text: str, trial: str) -> ctypes.CDLL:
    """Return the library of a text of C, compiled if this machine has none yet.

    Args:
        text: All of it, of names of our own and numbers.
        trial: Its function ``trial_…`` returns 1 where it runs on this CPU.

    Raises:
        NoLibraryError: There is none to be had.
    """
    # Whatever came of it stands for the whole process: a run never asks twice.
    outcome = _loaded(text, trial)
    if isinstance(outcome, str):
        raise NoLibraryError(outcome)
    return outcome


@functools.cache
def _loaded(text: str, trial: str) -> ctypes.CDLL | str:
    """Return the library of a text, or why there is none."""
    if (brought := _brought(text)) is not None:
        return brought
    if (compiler := find_compiler()) is None:
        return "no C compiler was found; install gcc or clang, or the package ziglang"
    try:
        folder = cache_folder()
    except RuntimeError:
        return f"this user has no home to keep compiled steps in; {_REMEDY}"
    try:
        key = _key(text, compiler)
        # What is there needs no writing, wherever a home is that nobody may write into.
        if (path := _whole(own_folder(folder), key)) is None:
            with _turn(folder / f"{key}.lock"):
                path = _kept(folder, key) or _compiled(folder, key, text, compiler, trial)
        return ctypes.CDLL(str(path))
    except NoLibraryError as error:
        return str(error)
    except (OSError, RuntimeError) as error:
        said = error.strerror if isinstance(error, OSError) and error.strerror else error
        return f"{folder}: {said}; {_REMEDY}"


def _brought(text: str) -> ctypes.CDLL | None:
    """Return the library that the wheel has brought, if it is of this text and runs here."""
    words = frozenset(_cpu().replace(":", " ").split())
    level = level_of(platform.machine(), torch.backends.cpu.get_cpu_capability(), words)
    if level is not None and (path := file_of(text, level, FOLDER)).is_file():
        # One that does not fit this system's C library is as good as none.
        with contextlib.suppress(OSError):
            return ctypes.CDLL(str(path))
    return None


def _key(text: str, compiler: Compiler) -> str:
    """Return what a library is kept under: all that its bytes and its bits depend on."""
    # Flags may stand in CC as well, such as those that let a compiler forget about NaN.
    compiled_by = [compiler.stamp, *compiler.command[1:], *_flags()]
    parts = [text, *compiled_by, platform.machine(), sys.platform, *platform.libc_ver(), _cpu()]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def _flags() -> Sequence[str]:
    """Return the flags for this CPU, with no vectors but those that PyTorch may use."""
    capability = torch.backends.cpu.get_cpu_capability()
    if platform.machine().lower() not in ("x86_64", "amd64"):
        return (*FLAGS, "-mcpu=native")
    narrower = {"AVX512": (), "AVX2": ("-mno-avx512f",)}.get(capability)
    return (*FLAGS, *(("-march=x86-64",) if narrower is None else ("-march=native", *narrower)))


def _cpu() -> str:
    """Return what this CPU can do: a home directory may be that of many machines."""
    try:
        text = read_file(Path("/proc/cpuinfo"), _MOST_BYTES).decode("utf-8", "replace")
    except OSError:
        return platform.processor()
    wanted = ("flags", "Features", "model name", "CPU part")
    return "\n".join(dict.fromkeys(line for line in text.splitlines() if line.startswith(wanted)))


@contextlib.contextmanager
def _turn(path: Path) -> Iterator[None]:
    """Let one process at a time compile the same.

    Raises:
        NoLibraryError: It was waited for one that has failed at it right now.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            # Twelve who each waited for a compiler that hangs would wait an hour in all.
            if why := _read_failure(descriptor):
                raise NoLibraryError(why) from None
        _leave_failure(descriptor, "")
        try:
            yield
        except NoLibraryError as error:
            _leave_failure(descriptor, str(error))
            raise
    finally:
        os.close(descriptor)


def _read_failure(descriptor: int) -> str:
    """Return why whoever had the lock before has no library; nothing where they have one."""
    with contextlib.suppress(OSError):
        return os.pread(descriptor, _MOST_BYTES, 0).decode("utf-8", "replace")
    return ""


def _leave_failure(descriptor: int, why: str) -> None:
    """Leave that for whoever waits for the lock; on a full disk they find it out themselves."""
    with contextlib.suppress(OSError):
        os.truncate(descriptor, 0)
        os.pwrite(descriptor, why.encode("utf-8", "replace"), 0)


def _whole(folder: Path, key: str) -> Path | None:
    """Return the library of a key, if there is one that is whole."""
    for path in sorted(folder.glob(f"{key}-*.so")):
        # What cannot be read at all, such as a pipe or a hole of gigabytes, is not whole either.
        with contextlib.suppress(OSError):
            if not path.is_symlink() and path.stem == f"{key}-{_hash(path)}":
                return path
    return None


def _kept(folder: Path, key: str) -> Path | None:
    """Return the library of a key, if it is whole; what is not is thrown away."""
    whole = _whole(folder, key)
    for path in folder.glob(f"{key}-*.so"):
        # Cut off, or written over: it is made again.
        if path != whole:
            with contextlib.suppress(OSError):
                path.unlink()
    # Whoever was killed while compiling has left these.
    for private in folder.glob(f"{key}-*{_PRIVATE}"):
        shutil.rmtree(private, ignore_errors=True)
    return whole


def _compiled(folder: Path, key: str, text: str, compiler: Compiler, trial: str) -> Path:
    """Compile the library, try it and keep it.

    Raises:
        NoLibraryError: The compiler refuses it, or it does not work here.
    """
    with tempfile.TemporaryDirectory(dir=folder, prefix=f"{key}-", suffix=_PRIVATE) as private:
        source, made = Path(private, "steps.c"), Path(private, "steps.so")
        source.write_text(text, "utf-8")
        call = [*compiler.command, *_flags(), "-o", str(made), str(source), "-lm"]
        _run(call, f"{compiler.name} does not compile the steps")
        if not made.is_file():
            raise NoLibraryError(f"{compiler.name} compiles the steps, and leaves no library")
        # An instruction that this CPU lacks ends the child, and not the worker.
        tried = [sys.executable, "-I", "-c", _TRIAL, str(made), trial]
        try:
            _run(tried, f"what {compiler.name} makes of the steps does not run in {folder}")
        except NoLibraryError as error:
            # As the loader says of a folder from which nothing may be run.
            remedy = f"; {_REMEDY}" if "map segment" in str(error) else ""
            raise NoLibraryError(f"{error}{remedy}") from None
        path = folder / f"{key}-{_hash(made)}.so"
        made.chmod(0o700)
        made.rename(path)
    return path


def _run(call: Sequence[str], trouble: str) -> None:
    """Run a program to its end.

    Raises:
        NoLibraryError: It fails, with the first line of what it says.
    """
    nothing, deadline = subprocess.DEVNULL, time.monotonic() + _SECONDS
    try:
        # In a group of its own: a compiler is several processes, and one that hangs ends whole.
        process = subprocess.Popen(
            call, stdin=nothing, stdout=nothing, stderr=subprocess.PIPE, start_new_session=True
        )
    except OSError as error:
        raise NoLibraryError(f"{trouble}: {error.strerror}") from None
    with process:
        try:
            said = _said(process, deadline)
            status = process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            raise NoLibraryError(f"{trouble}: not within {_SECONDS} s") from None
        finally:
            if process.returncode is None:
                os.killpg(process.pid, signal.SIGKILL)
    if status:
        words = plain(said.decode("utf-8", "replace").strip().partition("\n")[0])
        raise NoLibraryError(f"{trouble}: {words or f'status {status}'}")


def _said(process: subprocess.Popen[bytes], deadline: float) -> bytes:
    """Return the beginning of what a program says on stderr until it closes that.

    Raises:
        subprocess.TimeoutExpired: It has not by then.
    """
    assert process.stderr is not None
    said, pipe = b"", process.stderr.fileno()
    while select.select([pipe], [], [], max(0.0, deadline - time.monotonic()))[0]:
        if not (came := os.read(pipe, 1 << 16)):
            return said
        said = (said + came)[:_MOST_SAID]
    raise subprocess.TimeoutExpired(process.args, _SECONDS)


def _hash(path: Path) -> str:
    return hashlib.sha256(read_file(path, _MOST_BYTES)).hexdigest()[:32]
