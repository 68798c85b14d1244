"""Event files that are damaged or hostile are read as far as they go, and what is wrong is said."""

from __future__ import annotations

import struct
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.runs.imported.curves import Log
from engine.runs.imported.tfevents import is_event_file, masked_crc, read_events
from tests.engine.runs.imported.logs import event_file
from tests.mutations import BYTES

NUMBERS = [(tag, step, step / 4) for step in range(1, 5) for tag in ("loss", "val_loss")]


@pytest.fixture(scope="module")
def body(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """An event file of eight numbers."""
    return event_file(tmp_path_factory.mktemp("tb"), NUMBERS).read_bytes()


def record(data: bytes) -> bytes:
    length = struct.pack("<Q", len(data))
    checksums = (struct.pack("<I", masked_crc(each)) for each in (length, data))
    return length + next(checksums) + data + next(checksums)


def read(path: Path, body: bytes) -> Log:
    path.write_bytes(body)
    log = Log()
    read_events(path, log)
    return log


def starts(body: bytes) -> list[int]:
    """Return where the records begin."""
    places, at = [], 0
    while at < len(body):
        places.append(at)
        at += 16 + int.from_bytes(body[at : at + 8], "little")
    return places


def test_the_checksum_is_that_of_the_standard() -> None:
    # RFC 3720, B.4: 32 bytes of zeros have the CRC-32C 0x8a9136aa.
    crc = 0x8A9136AA
    assert masked_crc(bytes(32)) == ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def test_a_torn_file_is_read_to_its_last_whole_record(tmp_path: Path, body: bytes) -> None:
    places = starts(body)
    log = read(tmp_path / "f", body[:-3])
    assert log.count == len(NUMBERS) - 1
    assert log.complaints == [
        f"f: the last record, at byte {places[-1]}, is torn; what follows is left out"
    ]


def test_a_record_with_other_data_is_left_out_alone(tmp_path: Path, body: bytes) -> None:
    place = starts(body)[-2]
    changed = bytearray(body)
    changed[place + 20] ^= 1
    log = read(tmp_path / "f", bytes(changed))
    assert log.count == len(NUMBERS) - 1
    assert log.complaints == [
        f"f: the record at byte {place} does not have its checksum, and is left out"
    ]


def test_a_length_that_is_none_ends_the_reading(tmp_path: Path, body: bytes) -> None:
    place = starts(body)[-2]
    changed = bytearray(body)
    changed[place] ^= 1
    log = read(tmp_path / "f", bytes(changed))
    assert log.count == len(NUMBERS) - 2
    assert f"no record at byte {place}" in log.complaints[0]


@pytest.mark.parametrize(
    "data",
    [
        b"\xff" * 20,
        b"\x2a\xff\xff\xff\xff\x7f",  # a summary of terabytes
        b"\x2a\x02\x0a\x05",  # a value beyond its summary
        b"\x09\x00",  # half a wall time
        b"\x2a\x04\x0a\x02\x15\x00",  # half a number
        b"\x0b",  # a group, which none has
    ],
)
def test_what_is_no_event_is_left_out_within_a_whole_record(
    tmp_path: Path, body: bytes, data: bytes
) -> None:
    log = read(tmp_path / "f", body + record(data) + body)
    assert log.count == 2 * len(NUMBERS)
    assert log.complaints == [f"f: the record at byte {len(body)} is no event, and is left out"]


def test_a_large_record_is_passed_over_unread(tmp_path: Path, body: bytes) -> None:
    log = read(tmp_path / "f", body + record(bytes(1 << 17)) + body)
    assert (log.count, log.complaints) == (2 * len(NUMBERS), [])


@given(seed=st.integers(0, 2**32))
def test_whatever_is_in_a_file_it_is_read_or_refused_in_words(
    tmp_path_factory: pytest.TempPathFactory, body: bytes, seed: int
) -> None:
    draw = Random(seed)
    changed = body
    for _ in range(draw.choice([1, 2, 5])):
        changed = draw.choice(BYTES)(changed or b" ", draw)
    if draw.random() < 0.5:
        # Within whole records, so that what decodes them sees it.
        inside = draw.choice(BYTES)(body[16:60], draw)
        changed = body + record(inside)
    path = tmp_path_factory.getbasetemp() / "mutant"
    path.write_bytes(changed)
    if is_event_file(path):
        log = read(path, changed)
        assert log.count <= 2 * len(NUMBERS) + 1
        assert all(len(curve.steps) == len(curve.values) for curve in log.curves())
