"""What holds for every test of sweeps."""

from __future__ import annotations

import gc

import pytest


@pytest.fixture(scope="module", autouse=True)
def nothing_of_other_tests_is_looked_through() -> None:
    """Spare sweeps, which look for garbage after each group, what other tests have left."""
    gc.freeze()
