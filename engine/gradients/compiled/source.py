"""The text of the library: written once for networks of any shape, in both kinds of number."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from .printing import formulas_text

_FOLDER: Final = Path(__file__).parent

_KINDS: Final = {
    "float": {"INTEGER": "int32_t", "DOUBLE": 0, "SIZE": 4, "BIAS": 127, "MANTISSA": 23},
    "double": {"INTEGER": "int64_t", "DOUBLE": 1, "SIZE": 8, "BIAS": 1023, "MANTISSA": 52},
}
"""What tells one kind of number from the other, by its name in C."""


def library_text() -> str:
    """Return the whole library as one text of C.

    Raises:
        UnprintableError: A formula has no C.
    """
    parts = {name: (_FOLDER / f"{name}.h").read_text("utf-8") for name in ("vectors", "steps")}
    whole = (_FOLDER / "network.h").read_text("utf-8")
    body = parts["vectors"] + formulas_text() + parts["steps"]
    macros = sorted({line.split()[1].partition("(")[0] for line in _definitions(body)})
    for real, settings in _KINDS.items():
        names = {**settings, "REAL": real, "NAME(name)": f"name##_{real}"}
        names["CLIB(name)"] = "name##f" if real == "float" else "name"
        whole += "".join(f"#define {name} {value}\n" for name, value in names.items())
        whole += body
        # The second kind defines all of them anew.
        given = [name.partition("(")[0] for name in names]
        whole += "".join(f"#undef {name}\n" for name in [*macros, *given])
    return whole


def _definitions(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("#define ")]
