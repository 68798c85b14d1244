"""What tests of watched loops share."""

from __future__ import annotations

import math

import pytest

from engine.loops import probe


@pytest.fixture
def _costless(monkeypatch: pytest.MonkeyPatch) -> None:
    """Measuring that may cost what it likes, so that the steps measured are known."""
    monkeypatch.setattr(probe, "FREE_SECONDS", math.inf)
