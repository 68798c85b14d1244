"""Levels of a CPU, and the library of each that a wheel brings, so that no compiler is needed.

    a wheel is built ─► a file for each text and each level of this architecture
    a run begins     ─► the file of the highest level that this CPU has, if it is of the very text

What comes in a wheel runs on any CPU of its level; what is compiled here, on this CPU alone.
"""

from __future__ import annotations

import hashlib
import platform
import subprocess
import sys
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ... import __version__

FLAGS: Final = (
    *("-std=gnu11", "-O3", "-fPIC", "-shared", "-w"),
    # Nothing asks what a step's functions leave in errno, or for a signal. All else that changes
    # numbers stays as the standard has it: sums are written in the order in which they are done.
    *("-fno-math-errno", "-fno-trapping-math"),
)
"""What a library is compiled with, on every CPU."""

FOLDER: Final = Path(__file__).parent / "prebuilt"
"""Where a wheel's libraries lie; in a checkout there are none."""


@dataclass(frozen=True)
class Level:
    """What a CPU of an architecture has, at least."""

    name: str
    """As PyTorch names the vectors that it computes with."""
    flags: tuple[str, ...] = ()
    """What compiles for it."""
    needs: frozenset[str] = frozenset()
    """What the kernel says of a CPU that has it."""


_AVX2: Final = frozenset(("avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe"))
_AVX512: Final = frozenset(("avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"))
_X86: Final = (
    Level("AVX512", ("-march=x86-64-v4",), _AVX2 | _AVX512),
    Level("AVX2", ("-march=x86-64-v3",), _AVX2),
    Level("DEFAULT", ("-march=x86-64",)),
)
_ARM: Final = (Level("NEON"),)
LEVELS: Final[Mapping[str, Sequence[Level]]] = {
    "x86_64": _X86,
    "amd64": _X86,
    "aarch64": _ARM,
    "arm64": _ARM,
}
"""The levels of each architecture, the highest first."""


def level_of(machine: str, capability: str, features: Set[str]) -> Level | None:
    """Return the highest level that a CPU has, of an architecture that wheels are built for.

    Args:
        machine: The architecture.
        capability: The vectors that PyTorch may compute with: none wider are used here.
        features: What the kernel says that the CPU has.
    """
    levels = LEVELS.get(machine.lower(), ())
    names = [each.name for each in levels]
    if capability in names:
        levels = levels[names.index(capability) :]
    return next((each for each in levels if each.needs <= features), None)


def file_of(text: str, level: Level, folder: Path) -> Path:
    """Return where in a folder the library of a text is, for a level, if there is one."""
    parts = [text, *FLAGS, *level.flags, platform.machine(), sys.platform, __version__]
    key = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
    return folder / f"{level.name.lower()}-{key}.so"


def build(texts: Sequence[str], compiler: Sequence[str], folder: Path) -> list[Path]:
    """Compile the libraries that go into a wheel for this architecture, and return them.

    Args:
        texts: All of C that is to be compiled, each a library of its own.
        compiler: How the compiler is called.
        folder: Where they go.

    Raises:
        subprocess.CalledProcessError: The compiler refuses one.
    """
    made = []
    for level in LEVELS.get(platform.machine().lower(), ()):
        for text in texts:
            path = file_of(text, level, folder)
            call = [*compiler, *FLAGS, *level.flags, "-o", str(path), "-x", "c", "-", "-lm"]
            subprocess.run(call, input=text.encode(), check=True)
            made.append(path)
    return made
