"""A function of compiled C that Python calls as it calls its own.

A call through ctypes costs half a microsecond where one follows another. Once in a training step,
when its code and its tables have left the processor's near caches to those of the step, it costs
eleven, and that of a builtin function one.
"""

from __future__ import annotations

import ctypes
import functools
from typing import Any, Final

_TAKES_ONE: Final = 8
"""What Python calls a function of a single argument, ``METH_O``."""

_TOLD: Final = {
    "address_of": "PyLong_AsVoidPtr",
    "number_of": "PyLong_FromLong",
    "real_of": "PyFloat_FromDouble",
}
"""The functions of Python's interface for C that a library is told, by what it calls them."""


class _Definition(ctypes.Structure):
    """What Python makes a builtin function of."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("function", ctypes.c_void_p),
        ("takes", ctypes.c_int),
        ("about", ctypes.c_char_p),
    )


class Builtin:
    """A function ``called_…`` of a library, as a builtin one.

    It is given a whole number here and any object where it is called, and returns a number.

    Args:
        library: Has variables for what it is told of Python.
        name: The function's.
        first: What it is given first.
    """

    def __init__(self, library: ctypes.CDLL, name: str, first: int) -> None:
        for own, public in _TOLD.items():
            ctypes.c_void_p.in_dll(library, own).value = _address(getattr(ctypes.pythonapi, public))
        new = ctypes.PYFUNCTYPE(
            ctypes.py_object, ctypes.c_void_p, ctypes.py_object, ctypes.c_void_p
        )(("PyCFunction_NewEx", ctypes.pythonapi))
        definition = _definition(name, _address(getattr(library, name)))
        self.call: Final[Any] = new(definition, first, None)
        """The function."""


def kept(structure: ctypes.Structure) -> int:
    """Return where a structure lies, for as long as the process lives."""
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(structure))
    return ctypes.addressof(structure)


@functools.cache
def _definition(name: str, address: int) -> int:
    # Python reads it when it lets go of a function, and may do so after everything that is here.
    return kept(_Definition(name.encode(), address, _TAKES_ONE))


def _address(function: Any) -> int:
    return ctypes.cast(function, ctypes.c_void_p).value or 0
