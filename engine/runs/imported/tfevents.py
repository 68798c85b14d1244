"""TensorBoard's event files, as far as they hold numbers: a small reader within limits.

    file     records: length u64 · its checksum u32 · data · its checksum u32, little-endian
    data     Event {1: wall_time double, 2: step varint, 5: Summary}
    Summary  {1: Value, …}       Value {1: tag, 2: simple_value float, 8: TensorProto, 9: metadata}
    tensor   {1: dtype, 2: shape, 4: content bytes, 5: float_val, 6: double_val, 7: int_val,
              10: int64_val}

The fields and their numbers are those of TensorFlow's ``event.proto``, ``summary.proto`` and
``tensor.proto``; checksums are CRC-32C, rotated and shifted as its ``crc32c.h`` says. Pictures,
histograms, graphs and texts are passed over without being decoded.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from .curves import Log
from .unpacked import log_bytes

CHECKED_BYTES: Final = 1 << 16
"""Bytes of a record up to which its data is held against its checksum, and decoded. What logs
numbers takes sixty of them; a picture or a graph takes more, and is none."""

RECORD_BYTES: Final = 1 << 31
"""Bytes that a record can have: a protocol buffer has at most so many."""

_VALUE, _TAG, _SIMPLE, _TENSOR = 1, 1, 2, 8
_WALL_TIME, _STEP, _SUMMARY = 1, 2, 5

_TENSOR_TYPES: Final = {1: "<f", 2: "<d", 3: "<i", 9: "<q"}
"""How a single number of a tensor's content is unpacked, by its type: float, double, int32 and
int64."""
_TENSOR_FIELDS: Final = {5: "<f", 6: "<d"}
"""The same of numbers that stand in a field of their own; those of integers are varints."""

Fields = list[tuple[int, int | bytes]]
"""A message's fields: their numbers, and integers or bytes as they stand there."""


class _DamagedError(Exception):
    """A record or a message that is none."""


def read_events(path: Path, log: Log, prefix: str = "") -> None:
    """Read the numbers of an event file.

    Args:
        path: The file.
        log: Where they go, and what is said of a file that is damaged.
        prefix: What their names begin with.

    Raises:
        OSError: It cannot be read.
    """
    with log_bytes(path) as file:
        try:
            for start, data in _records(file):
                try:
                    more = log.add_all(_numbers(data, prefix))
                except _DamagedError as error:
                    log.complain(
                        f"{path.name}: the record at byte {start} {error}, and is left out"
                    )
                    continue
                if not more:
                    log.complain_of_too_many(path.name, f"byte {start}")
                    return
        except _DamagedError as error:
            log.complain(f"{path.name}: {error}; what follows is left out")


def is_event_file(path: Path) -> bool:
    """Whether a file begins with a record of TensorBoard's.

    Raises:
        OSError: It cannot be read.
    """
    with log_bytes(path) as file:
        head = file.read(12)
    return len(head) == 12 and masked_crc(head[:8]) == int.from_bytes(head[8:], "little")


def _records(file: BinaryIO) -> Iterator[tuple[int, bytes | None]]:
    """Yield where records begin, and the data of those that may hold numbers; None of damaged ones.

    Raises:
        _DamagedError: From here on there are none.
    """
    while head := file.read(12):
        start = file.tell() - len(head)
        length = int.from_bytes(head[:8], "little")
        if len(head) < 12:
            raise _DamagedError(f"the last record, at byte {start}, is torn")
        if masked_crc(head[:8]) != int.from_bytes(head[8:], "little") or length > RECORD_BYTES:
            raise _DamagedError(f"there is no record at byte {start}, where one should begin")
        if length > CHECKED_BYTES:
            file.seek(length + 4, 1)
            continue
        body = file.read(length + 4)
        if len(body) < length + 4:
            raise _DamagedError(f"the last record, at byte {start}, is torn")
        whole = masked_crc(body[:length]) == int.from_bytes(body[length:], "little")
        yield start, body[:length] if whole else None


def _numbers(data: bytes | None, prefix: str) -> Iterator[tuple[str, int, float, float]]:
    """Yield the numbers of an event: tag, step, value, seconds since 1970.

    Raises:
        _DamagedError: It is no event.
    """
    if data is None:
        raise _DamagedError("does not have its checksum")
    step, seconds, summaries = 0, 0.0, list[bytes]()
    for number, value in _fields(data):
        if number == _WALL_TIME:
            (seconds,) = struct.unpack("<d", _bytes(value, 8))
        elif number == _STEP:
            step = _signed(value)
        elif number == _SUMMARY:
            summaries.append(_bytes(value))
    for summary in summaries:
        for number, value in _fields(summary):
            if number == _VALUE and (tagged := _number(_bytes(value))):
                yield prefix + tagged[0], step, tagged[1], seconds


def _number(message: bytes) -> tuple[str, float] | None:
    """Return the tag and the number of a summary's value; None where it is something else."""
    tag, number = "", None
    for field, value in _fields(message):
        if field == _TAG:
            tag = _bytes(value).decode("utf-8", "replace")
        elif field == _SIMPLE:
            (number,) = struct.unpack("<f", _bytes(value, 4))
        elif field == _TENSOR:
            number = _scalar(_bytes(value))
    if number is None or not tag or tag.startswith("_hparams_/"):
        return None
    return tag, number


def _scalar(tensor: bytes) -> float | None:
    """Return the only number of a tensor; None where it has a shape, or is of something else."""
    kind, content, said = 0, b"", list[float]()
    for field, value in _fields(tensor):
        if field == 1:
            kind = _signed(value)
        elif field == 2 and any(number == 2 for number, _ in _fields(_bytes(value))):
            return None
        elif field == 4:
            content = _bytes(value)
        elif field in _TENSOR_FIELDS:
            form = _TENSOR_FIELDS[field]
            (number,) = struct.unpack(form, _bytes(value, struct.calcsize(form)))
            said.append(number)
        elif field in (7, 10):
            said.append(float(_signed(value if isinstance(value, int) else _varint(value, 0)[0])))
    form = _TENSOR_TYPES.get(kind, "")
    if content and form and len(content) == struct.calcsize(form):
        return float(struct.unpack(form, content)[0])
    # A tensor of which nothing is said is 0.
    return (said or [0.0])[0] if len(said) < 2 and not content and form else None


def _fields(message: bytes) -> Fields:
    """Return the fields of a message.

    Raises:
        _DamagedError: It is none.
    """
    fields, at = Fields(), 0
    while at < len(message):
        key, at = _varint(message, at)
        number, kind = key >> 3, key & 7
        if kind == 0:
            value, at = _varint(message, at)
            fields.append((number, value))
            continue
        if kind == 2:
            size, at = _varint(message, at)
        elif kind in (1, 5):
            size = 8 if kind == 1 else 4
        else:
            raise _DamagedError("is no event")
        if at + size > len(message):
            raise _DamagedError("is no event")
        fields.append((number, message[at : at + size]))
        at += size
    return fields


def _varint(message: bytes, at: int) -> tuple[int, int]:
    """Return a number of variable length, and where it ends.

    Raises:
        _DamagedError: There is none.
    """
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(message):
            break
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise _DamagedError("is no event")


def _signed(value: int | bytes) -> int:
    """Return a varint as the signed number of 64 bits that it is.

    Raises:
        _DamagedError: The field holds something else.
    """
    if not isinstance(value, int):
        raise _DamagedError("is no event")
    value &= 2**64 - 1
    return value - 2**64 if value >= 2**63 else value


def _bytes(value: int | bytes, size: int | None = None) -> bytes:
    """Return a field that is bytes, of so many where that is known.

    Raises:
        _DamagedError: The field holds something else.
    """
    if not isinstance(value, bytes) or size not in (None, len(value)):
        raise _DamagedError("is no event")
    return value


def _crc_table() -> tuple[int, ...]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return tuple(table)


_CRC: Final = _crc_table()
"""CRC-32C (Castagnoli) of each byte, reflected."""


def masked_crc(data: bytes) -> int:
    """Return the checksum of data as records have it."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _CRC[crc & 0xFF ^ byte] ^ crc >> 8
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF
