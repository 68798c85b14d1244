"""The compiled steps on another architecture, as far as this machine can say.

    python -m tests.cross        (make cross)

Their text is compiled for arm64 without a warning, and where there is qemu what it computes there
is held against what it computes here: every activation and its slope, and a norm. Without a
compiler for arm64 (Debian: gcc-aarch64-linux-gnu; or the package ziglang) it only says so.
"""

from __future__ import annotations

import ctypes
import importlib.util
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.gradients.compiled.levels import FLAGS
from engine.gradients.compiled.library import library
from engine.gradients.compiled.printing import formulas
from engine.gradients.compiled.source import library_text

MAIN = """
#include <stdio.h>
int main(void) {
    static REAL z[COUNT], h[COUNT], d[COUNT];
    if (fread(z, sizeof z, 1, stdin) != 1 || !NAME(trial)()) return 3;
    for (int each = 0; each < UNITS; each++) {
        for (int n = 0; n < COUNT; n++) d[n] = (REAL)0.75;
        NAME(activate)(each, COUNT, z, h, d);
        fwrite(h, sizeof h, 1, stdout);
        fwrite(d, sizeof d, 1, stdout);
    }
    double norm = NAME(norm)(COUNT, z);
    return fwrite(&norm, sizeof norm, 1, stdout) != 1;
}
"""
WARNINGS = ("-Wall", "-Wextra", "-Werror", "-Wno-unused", "-Wno-unused-parameter")
"""What is asked of the text; what is printed need not use every number that it is given."""


def compiler() -> list[str]:
    """Return how a compiler for arm64 is called; nothing where there is none."""
    if path := shutil.which("aarch64-linux-gnu-gcc"):
        return [path]
    if importlib.util.find_spec("ziglang") is not None:
        return [sys.executable, "-m", "ziglang", "cc", "-target", "aarch64-linux-musl"]
    return []


def here(real: str, z: NDArray[Any]) -> tuple[NDArray[Any], float]:
    """Return what this machine's library computes, [activations, value and slope, numbers]."""
    lib, count = library(real), ctypes.c_int64(len(z))
    told = np.full((len(formulas().units), 2, len(z)), 0.75, z.dtype)
    for number, (h, d) in enumerate(told):
        given = [each.ctypes.data_as(ctypes.c_void_p) for each in (z, h, d)]
        getattr(lib, f"activate_{real}")(ctypes.c_int64(number), count, *given)
    norm = getattr(lib, f"norm_{real}")
    norm.restype = ctypes.c_double
    return told, norm(count, z.ctypes.data_as(ctypes.c_void_p))


def compare(call: list[str], qemu: str | None, real: str, dtype: Any, loose: float) -> str:
    """Compile one kind of number for arm64, and where it can be run compare it; say what was."""
    sizes = np.geomspace(1e-12, 80, 300)
    z = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, *sizes, *-sizes], dtype)
    units = list(formulas().units)
    with tempfile.TemporaryDirectory() as folder:
        source, made = Path(folder, "steps.c"), Path(folder, "steps")
        text = f"#define COUNT {len(z)}\n#define UNITS {len(units)}\n"
        source.write_text(text + library_text(real) + MAIN, "utf-8")
        flags = [each for each in FLAGS if each not in ("-w", "-shared", "-fPIC")]
        files = ["-static", "-o", str(made), str(source), "-lm"]
        subprocess.run([*call, *flags, *WARNINGS, *files], check=True)
        if qemu is None:
            return f"{real}: compiled for arm64 without a warning; there is no qemu to run it"
        done = subprocess.run([qemu, str(made)], input=z.tobytes(), capture_output=True, check=True)
    there = np.frombuffer(done.stdout[:-8], dtype).reshape(len(units), 2, len(z))
    told, norm = here(real, z)
    for name, ours, theirs in zip(units, told, there, strict=True):
        np.testing.assert_allclose(theirs, ours, rtol=loose, atol=loose, err_msg=name)
    np.testing.assert_equal(np.frombuffer(done.stdout[-8:])[0], norm)
    same = np.mean(told.view(np.uint8) == there.view(np.uint8))
    return f"{real}: runs on an arm64 in qemu, {same:.3%} of its bytes as here, the rest rounding"


def main() -> None:
    """Try both kinds of number."""
    if not (call := compiler()):
        print("no compiler for arm64: install gcc-aarch64-linux-gnu, or the package ziglang")
        return
    qemu = shutil.which("qemu-aarch64") or shutil.which("qemu-aarch64-static")
    print(compare(call, qemu, "float", np.float32, 3e-6))
    print(compare(call, qemu, "double", np.float64, 1e-14))


if __name__ == "__main__":
    main()
