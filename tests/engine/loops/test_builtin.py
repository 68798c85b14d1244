"""What a builtin function is made of is there for as long as the function may be."""

from __future__ import annotations

import ctypes
import gc
import weakref

from engine.loops.builtin import kept


class Pair(ctypes.Structure):
    """Two numbers."""

    _fields_ = (("first", ctypes.c_int64), ("second", ctypes.c_int64))


def test_what_is_kept_outlives_whoever_made_it() -> None:
    pair = Pair(1, 2)
    there, place = weakref.ref(pair), kept(pair)
    del pair
    gc.collect()
    assert there() is not None
    assert Pair.from_address(place).second == 2
