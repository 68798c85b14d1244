"""The library is compiled, kept, tried and loaded; where it cannot be, operations are called."""

from __future__ import annotations

import os
import platform
import select
import shlex
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from engine.gradients.choice import choose
from engine.gradients.compiled import building
from engine.gradients.compiled import library as libraries
from engine.gradients.compiled.building import NoLibraryError, _loaded, find_compiler
from engine.gradients.compiled.library import library, why_none
from engine.presets import preset as presets
from engine.training.header import header_of
from engine.training.trainer import Trainer
from tests.patience import DEADLINE

TEXT = "int trial_float(void) { return 1; }\nint trial_double(void) { return 1; }\n"
"""A library that is compiled at once."""

needs_compiler = pytest.mark.skipif(find_compiler() is None, reason="there is no C compiler")


@pytest.fixture(autouse=True)
def _anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A cache of the test's own, and nothing loaded before."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(libraries, "library_text", lambda real: TEXT)
    _loaded.cache_clear()
    yield
    _loaded.cache_clear()


def kept(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "epochal" / "compiled").glob("*.so"))


@needs_compiler
def test_it_is_compiled_once_and_then_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library()
    [path] = kept(tmp_path)
    assert path.parent.stat().st_mode & 0o777 == 0o700
    _loaded.cache_clear()
    monkeypatch.setattr(building, "_compiled", None)
    library()
    assert kept(tmp_path) == [path]


@needs_compiler
def test_other_flags_make_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compiler = find_compiler()
    assert compiler is not None
    for flags in ("", " -fno-math-errno", " -fno-math-errno -O1", ""):
        monkeypatch.setenv("CC", shlex.join(compiler.command) + flags)
        _loaded.cache_clear()
        library()
    assert len(kept(tmp_path)) == 3


FLUSHES = f"""#include <xmmintrin.h>
__attribute__((constructor)) static void flush(void) {{ _mm_setcsr(_mm_getcsr() | 0x8040); }}
{TEXT}"""
"""A library that does to the processor what linking with -ffast-math does."""


@needs_compiler
@pytest.mark.skipif(platform.machine() != "x86_64", reason="others have no such register")
def test_one_that_takes_small_numbers_for_zero_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libraries, "library_text", lambda real: FLUSHES)
    with pytest.raises(NoLibraryError, match="small numbers for 0, as -ffast-math in CC does"):
        library()
    assert sys.float_info.min / 2


@needs_compiler
@pytest.mark.parametrize("damage", [b"", b"\x7fELF"])
def test_one_that_is_not_whole_is_made_again(tmp_path: Path, damage: bytes) -> None:
    library()
    [path] = kept(tmp_path)
    whole = path.read_bytes()
    # Not in place: this process has it loaded, and would be ended by what it finds there.
    path.unlink()
    path.write_bytes(damage)
    _loaded.cache_clear()
    library()
    assert kept(tmp_path)[0].read_bytes()[:4] == whole[:4] != b""
    assert len(kept(tmp_path)) == 1


@needs_compiler
def test_one_that_does_not_run_here_is_not_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What an instruction that the CPU lacks does to a process.
    ends = TEXT.replace("return 1", "__builtin_trap(); return 1")
    monkeypatch.setattr(libraries, "library_text", lambda real: ends)
    assert "does not run in" in why_none()
    assert not kept(tmp_path)


def test_without_a_compiler_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "find_compiler", lambda: None)
    assert why_none() == "no C compiler was found; install gcc or clang, or the package ziglang"


def test_a_broken_compiler_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "broken-cc"
    broken.write_text("#!/bin/sh\necho 'cc1: not found' >&2\nexit 1\n")
    broken.chmod(0o700)
    monkeypatch.setenv("CC", str(broken))
    assert why_none() == "broken-cc does not compile the steps: cc1: not found"


@pytest.mark.parametrize(
    ("does", "said"),
    [
        ("echo all is well", "broken-cc compiles the steps, and leaves no library"),
        (
            'while [ "$1" != -o ]; do shift; done; echo rubbish > "$2"',
            "what broken-cc makes of the steps does not run in",
        ),
    ],
)
def test_a_compiler_that_only_says_that_it_has_done_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, does: str, said: str
) -> None:
    broken = tmp_path / "broken-cc"
    broken.write_text(f"#!/bin/sh\n{does}\nexit 0\n")
    broken.chmod(0o700)
    monkeypatch.setenv("CC", str(broken))
    assert why_none().startswith(said)
    assert "\n" not in why_none()
    assert not kept(tmp_path)


def test_what_a_compiler_says_is_one_short_harmless_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loud = tmp_path / "loud-cc"
    loud.write_text("#!/bin/sh\nprintf '\\033]0;a title\\007' >&2\nyes a | tr -d '\\n' ")
    with loud.open("a") as script:
        script.write("| head -c 1000000 >&2\nexit 1\n")
    loud.chmod(0o700)
    monkeypatch.setenv("CC", str(loud))
    assert why_none().startswith("loud-cc does not compile the steps: \\x1b]0;a title\\x07aaa")
    assert len(why_none()) < 2000


def test_a_compiler_that_hangs_is_ended_whole_and_waited_for_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hangs, held = tmp_path / "hanging-cc", tmp_path / "held"
    os.mkfifo(held)
    hangs.write_text(f'#!/bin/sh\nexec 3<>"{held}"\necho >> "{tmp_path}/calls"\nsleep 1000\n:\n')
    hangs.chmod(0o700)
    monkeypatch.setenv("CC", str(hangs))
    reader = os.open(held, os.O_RDONLY | os.O_NONBLOCK)
    asked, said_by = threading.Barrier(3), building._said

    def ask(real: str) -> object:
        asked.wait(DEADLINE)
        return _loaded.__wrapped__(TEXT, real)

    def said_in_time(process: subprocess.Popen[bytes], deadline: float) -> bytes:
        # Its time is over once it hangs, however long it takes to begin.
        while not (tmp_path / "calls").exists():
            assert time.monotonic() < deadline
            time.sleep(0.01)
        return said_by(process, time.monotonic() + 0.5)

    monkeypatch.setattr(building, "_said", said_in_time)
    with ThreadPoolExecutor(3) as pool:
        said = set(pool.map(ask, ["float"] * 3))
    assert said == {"hanging-cc does not compile the steps: not within 120 s"}
    # Whoever came when all was over has asked it again.
    assert len((tmp_path / "calls").read_text()) < 3
    # What the compiler had started holds the pipe until it is gone, too.
    assert select.select([reader], [], [], DEADLINE)[0]
    os.close(reader)


@needs_compiler
def test_what_was_killed_while_compiling_leaves_nothing(tmp_path: Path) -> None:
    library()
    [path] = kept(tmp_path)
    key = path.name.partition("-")[0]
    _loaded.cache_clear()
    path.unlink()
    # In its way: what a kill has left, and what can be no library.
    (path.parent / f"{key}-x{building._PRIVATE}").mkdir()
    (path.parent / f"{key}-x{building._PRIVATE}" / "steps.c").write_text(TEXT)
    os.mkfifo(path.parent / f"{key}-pipe.so")
    library()
    assert sorted(each.name for each in path.parent.iterdir()) == sorted([path.name, f"{key}.lock"])


def test_a_compiler_that_no_shell_could_call_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", "cc 'O3")
    found = find_compiler()
    assert found is None or "O3" not in " ".join(found.command)


def test_ziglang_is_called_where_there_is_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiler = find_compiler()
    if compiler is None:
        pytest.skip("there is no C compiler that could stand in for it")
    package, about = tmp_path / "ziglang", tmp_path / "ziglang-0.17.1.dist-info"
    package.mkdir()
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: ziglang\nVersion: 0.17.1\n")
    (package / "__init__.py").touch()
    call = f"[*{compiler.command!r}, *sys.argv[2:]], env={dict(os.environ)!r}"
    (package / "__main__.py").write_text(
        f"import subprocess, sys\nassert sys.argv[1] == 'cc'\nsys.exit(subprocess.call({call}))\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("PATH", str(about))
    monkeypatch.delenv("CC", raising=False)
    found = find_compiler()
    assert found is not None
    assert (found.name, found.stamp) == ("ziglang", "ziglang 0.17.1")
    library()
    assert len(kept(tmp_path)) == 1


def test_a_user_without_a_home_is_told_what_helps(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(Path, "home", nowhere)
    monkeypatch.setattr(building, "find_compiler", lambda: building.Compiler(("cc",), ""))
    assert why_none() == (
        "this user has no home to keep compiled steps in; "
        "set XDG_CACHE_HOME to a folder that may be written into and run from"
    )


@needs_compiler
def test_what_is_kept_is_loaded_where_nothing_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library()
    _loaded.cache_clear()
    # Whoever tests as root may write anywhere.
    monkeypatch.setattr(building, "_turn", None)
    assert Path(library()._name) == kept(tmp_path)[0]


@needs_compiler
def test_what_another_cpu_has_kept_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library()
    [others] = kept(tmp_path)
    _loaded.cache_clear()
    monkeypatch.setattr(building, "_cpu", lambda: "flags : sse2")
    assert Path(library()._name) != others
    assert others in kept(tmp_path)
    assert len(kept(tmp_path)) == 2


@needs_compiler
def test_a_cache_that_others_could_write_into_is_not_used(tmp_path: Path) -> None:
    folder = tmp_path / "epochal" / "compiled"
    folder.mkdir(parents=True)
    folder.chmod(0o777)
    assert "others may write" in why_none()


@needs_compiler
def test_a_cache_that_is_a_link_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "epochal").mkdir(mode=0o700)
    (tmp_path / "epochal" / "compiled").symlink_to(tmp_path / "elsewhere")
    assert "no folder of one's own" in why_none()


@needs_compiler
def test_the_cache_is_its_users_alone_whatever_the_umask(tmp_path: Path) -> None:
    # As an epochal of before has made it, where the umask was that of a group.
    (tmp_path / "epochal").mkdir()
    (tmp_path / "epochal").chmod(0o777)
    before = os.umask(0)
    try:
        library()
    finally:
        os.umask(before)
    for each in (tmp_path / "epochal").rglob("*"):
        assert not each.stat().st_mode & 0o077
    assert not (tmp_path / "epochal").stat().st_mode & 0o022


def test_a_cache_that_hangs_on_where_one_is_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "cache")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert building.cache_folder() == tmp_path / ".cache" / "epochal" / "compiled"


@pytest.fixture
def noexec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache on a disk from which nothing may be run, and nowhere else to keep anything."""
    folder, ask = tmp_path / "noexec", os.statvfs

    def statvfs(path: Path) -> os.statvfs_result:
        fields = list(ask(path))
        fields[8] |= os.ST_NOEXEC if path.is_relative_to(folder) else 0
        return os.statvfs_result(fields)

    folder.mkdir()
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    monkeypatch.setattr(os, "statvfs", statvfs)
    return folder


needs_noexec = pytest.mark.skipif(not hasattr(os, "ST_NOEXEC"), reason="no disk says so here")


@needs_compiler
@needs_noexec
@pytest.mark.parametrize("place", ["XDG_RUNTIME_DIR", "temporary files"])
def test_where_a_cache_may_not_be_run_from_another_keeps_it(
    tmp_path: Path, noexec: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    other, name = tmp_path / "other", f"epochal-{os.geteuid()}"
    other.mkdir()
    if place == "XDG_RUNTIME_DIR":
        monkeypatch.setenv(place, str(other))
        name = "epochal"
    else:
        monkeypatch.setattr("tempfile.tempdir", str(other))
        other.chmod(0o1777)
    library()
    assert not [*noexec.iterdir()]
    assert (other / name).stat().st_mode & 0o777 == 0o700
    [path] = (other / name / "compiled").glob("*.so")
    _loaded.cache_clear()
    monkeypatch.setattr(building, "_compiled", None)
    assert Path(library()._name) == path
    # What another user has made there, so that a library of theirs is run, is left alone.
    _loaded.cache_clear()
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert "no folder of one's own" in why_none()


@needs_noexec
@pytest.mark.parametrize("mode", [0o777, 0o770])
def test_no_cache_is_where_others_could_put_another_in_its_place(
    tmp_path: Path, noexec: Path, monkeypatch: pytest.MonkeyPatch, mode: int
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "open" / "run"))
    (tmp_path / "open" / "run").mkdir(parents=True)
    assert building.cache_folder() == tmp_path / "open" / "run" / "epochal" / "compiled"
    (tmp_path / "open").chmod(mode)
    assert building.cache_folder() == noexec / "epochal" / "compiled"


@needs_compiler
def test_where_nothing_can_be_written_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert str(tmp_path / "file") in why_none()


@needs_compiler
def test_many_at_once_compile_it_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    counting = tmp_path / "counting-cc"
    counting.write_text(f'#!/bin/sh\necho once >> "{tmp_path}/calls"\nexec {real} "$@"\n')
    counting.chmod(0o700)
    script = (
        "from engine.gradients.compiled import library;"
        f"library.library_text = lambda real: {TEXT!r}; library.library()"
    )
    at_once = [
        subprocess.Popen([sys.executable, "-c", script], env=os.environ | {"CC": str(counting)})
        for _ in range(3)
    ]
    assert [each.wait(DEADLINE) for each in at_once] == [0, 0, 0]
    assert (tmp_path / "calls").read_text() == "once\n"


def test_a_run_without_it_takes_the_operations(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "find_compiler", lambda: None)
    trainer = Trainer(presets.load("two-moons").experiment, device="cpu")
    header = header_of(trainer, "run")
    assert header.way == "operations"
    assert header.gradients_why.startswith("operation by operation, as no C compiler was found")
    trainer.advance(3)
    with pytest.raises(NoLibraryError):
        library()


@needs_compiler
@pytest.mark.parametrize(("dtype", "way"), [("float32", "compiled"), ("float64", "operations")])
def test_each_kind_of_number_has_a_library_of_its_own(
    dtype: str, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = {"float": TEXT, "double": "no C"}
    monkeypatch.setattr(libraries, "library_text", texts.__getitem__)
    choice = choose([presets.load("two-moons", [f"train.dtype={dtype}"]).experiment])
    assert choice.way == way
    assert ("does not compile the steps" in choice.why) is (way == "operations")
