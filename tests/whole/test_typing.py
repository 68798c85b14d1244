"""However a line parts it and however late answers come, what is typed is what stands there.

``make torture`` tries ten thousand sequences; see ``tests.typists``.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.typists import PLACES, differing

EACH = 45


@pytest.mark.parametrize("share", range(2))
async def test_typing_over_a_bad_line_gives_what_typing_slowly_gives(
    share: int, tmp_path: Path
) -> None:
    found = await differing(range(share * EACH, (share + 1) * EACH), tmp_path)
    assert [(each.number, slow, bad) for each, slow, bad in found] == []


def test_every_kind_of_field_is_typed_into() -> None:
    assert len(PLACES) < EACH
    assert {place.name for place in PLACES} >= {
        *("number", "list", "text", "path", "filter", "notes", "mark", "name", "file")
    }
