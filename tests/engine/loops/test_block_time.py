import pytest

from engine.loops.block_time import LEAST_SECONDS, MOST_SECONDS, SHARE, BlockTime


@pytest.mark.parametrize(
    ("takes", "waits"),
    [
        (0.0, LEAST_SECONDS),
        (SHARE * 0.7, 0.7),
        (SHARE * MOST_SECONDS * 2, MOST_SECONDS),
    ],
)
def test_where_writing_takes_long_rows_wait_longer(takes: float, waits: float) -> None:
    now = 10.0
    block = BlockTime(lambda: now)
    assert block.due_at == 10 + LEAST_SECONDS
    with block:
        now += takes
    block.begin()
    assert block.due_at == pytest.approx(now + waits)
