"""A wheel's libraries: the highest level of a CPU, of the very text, and none where it is odd."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.gradients.compiled import building, levels
from engine.gradients.compiled.building import NoLibraryError, find_compiler, library_of
from engine.gradients.compiled.levels import LEVELS, build, file_of, level_of

TEXT = "int trial_float(void) { return 1; }\n"

V3 = {"avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe", "sse2"}
V4 = V3 | {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}


@pytest.mark.parametrize(
    ("machine", "capability", "features", "level"),
    [
        ("x86_64", "AVX512", V4, "AVX512"),
        ("x86_64", "AVX512", V4 - {"avx512vl"}, "AVX2"),
        ("AMD64", "AVX2", V4, "AVX2"),
        ("x86_64", "AVX2", V3 - {"fma"}, "DEFAULT"),
        ("x86_64", "DEFAULT", V4, "DEFAULT"),
        ("aarch64", "DEFAULT", set(), "NEON"),
        ("arm64", "SVE256", {"sve"}, "NEON"),
        ("riscv64", "DEFAULT", set(), None),
    ],
)
def test_of_its_levels_a_cpu_takes_the_highest_that_it_has(
    machine: str, capability: str, features: set[str], level: str | None
) -> None:
    found = level_of(machine, capability, features)
    assert (found and found.name) == level


@pytest.fixture
def wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """What a wheel has brought, where there is no compiler and nothing kept."""
    compiler = find_compiler()
    if compiler is None or platform.machine().lower() not in LEVELS:
        pytest.skip("there is no C compiler, or no wheel for this architecture")
    build([TEXT], compiler.command, tmp_path)
    monkeypatch.setattr(building, "FOLDER", tmp_path)
    monkeypatch.setattr(building, "find_compiler", lambda: None)
    building._loaded.cache_clear()
    yield tmp_path
    building._loaded.cache_clear()


def test_what_a_wheel_has_brought_needs_no_compiler(wheel: Path) -> None:
    library = library_of(TEXT, "float")
    assert Path(library._name).parent == wheel
    assert library.trial_float() == 1


def test_of_another_text_or_version_it_is_not_taken(
    wheel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(NoLibraryError, match="no C compiler was found"):
        library_of(TEXT + "\n", "float")
    monkeypatch.setattr(levels, "__version__", "another")
    with pytest.raises(NoLibraryError, match="no C compiler was found"):
        library_of(TEXT, "float")


def test_one_that_cannot_be_loaded_is_as_good_as_none(wheel: Path) -> None:
    for level in LEVELS[platform.machine().lower()]:
        file_of(TEXT, level, wheel).write_bytes(b"\x7fELF")
    with pytest.raises(NoLibraryError, match="no C compiler was found"):
        library_of(TEXT, "float")
