"""What holds for every test of the lab."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tui.panes.picture import Picture


@pytest.fixture(autouse=True)
def _no_drawing_fails() -> Iterator[None]:
    """A drawing that fails is shown in place; in a test it is a failure."""
    Picture.failures.clear()
    yield
    assert not Picture.failures, Picture.failures[0]
