"""The text of the library: written once for networks of any shape, for each kind of number."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from ...text.files import read_file
from .printing import formulas
from .task import MOST_CONSTANTS, MOST_LAYERS, MOST_STATES

_FOLDER: Final = Path(__file__).parent
_PARTS: Final = ("network", "team", "vectors", "products", "steps", "probe")

_KINDS: Final = {
    "float": {"INTEGER": "int32_t", "DOUBLE": 0, "SIZE": 4, "BIAS": 127, "MANTISSA": 23},
    "double": {"INTEGER": "int64_t", "DOUBLE": 1, "SIZE": 8, "BIAS": 1023, "MANTISSA": 52},
}
"""What tells one kind of number from the other, by its name in C."""


def library_text(real: str) -> str:
    """Return the whole library for one kind of number as one text of C.

    Args:
        real: ``float`` or ``double``.

    Raises:
        UnprintableError: A formula has no C.
    """
    texts = {name: read_file(_FOLDER / f"{name}.h").decode() for name in _PARTS}
    macros = {**_KINDS[real], "REAL": real, "NAME(name)": f"name##_{real}"}
    macros["CLIB(name)"] = "name##f" if real == "float" else "name"
    packed = f"##name##_p{real[0].replace('f', 's')}"
    macros["AVX512(name)"], macros["AVX2(name)"] = f"_mm512_{packed}", f"_mm256_{packed}"
    macros["NEON(name)"] = f"name##_f{64 if real == 'double' else 32}"
    rooms = {"LAYERS": MOST_LAYERS, "STATES": MOST_STATES, "CONSTANTS": MOST_CONSTANTS}
    first = _defined({f"MOST_{name}": number for name, number in rooms.items()})
    parts = texts["network"], texts["team"], _defined(macros), texts["vectors"], formulas().text
    return first + "".join((*parts, texts["products"], texts["steps"], texts["probe"]))


def _defined(macros: Mapping[str, object]) -> str:
    return "".join(f"#define {name} {value}\n" for name, value in macros.items())
