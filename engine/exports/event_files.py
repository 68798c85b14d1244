"""Files of events as TensorBoard reads them, byte by byte: its own writer draws a server in.

A file is records, one after another (TFRecord): the length in 8 bytes, its checksum, an event, its
checksum. An event is a message of protobuf: for each field a key, its number and how its value is
written, then the value. The fields are those of tensorboard/compat/proto: event.proto,
summary.proto, tensor.proto, and plugins/hparams/plugin_data.proto.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

_VARINT, _DOUBLE, _BYTES, _FLOAT = 0, 1, 2, 5
"""How protobuf writes a value: its wire types."""

_POLYNOMIAL: Final = 0x82F63B78
"""CRC32C's (Castagnoli), its bits reversed."""


def _table() -> NDArray[np.uint32]:
    crc: NDArray[Any] = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        crc = (crc >> 1) ^ (crc & 1) * np.uint32(_POLYNOMIAL)
    return crc


_CRC_OF_BYTE: Final = _table()


def masked_crc32c(rows: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """Return the checksum of each row of bytes [rows, bytes], masked as TFRecord wants it.

    All rows go together, a byte at a time: one by one they would take Python a minute for what
    takes numpy a second.
    """
    crc: NDArray[Any] = np.full(len(rows), 0xFFFFFFFF, np.uint32)
    for column in rows.T:
        crc = _CRC_OF_BYTE[(crc ^ column) & 0xFF] ^ (crc >> 8)
    crc = ~crc
    turned = (crc >> np.uint32(15)) | (crc << np.uint32(17))
    return (turned + np.uint32(0xA282EAD8)).astype(np.uint32)


def records(events: Sequence[bytes]) -> Iterator[bytes]:
    """Yield events as records, in their order."""
    # Those of one length that follow one another are the steps of a run, as a rule: all of them.
    for length, group in groupby(events, key=len):
        together = [*group]
        rows = np.frombuffer(b"".join(together), np.uint8).reshape(len(together), length)
        size = struct.pack("<Q", length)
        size += struct.pack("<I", masked_crc32c(np.frombuffer(size, np.uint8)[None])[0])
        for event, crc in zip(together, masked_crc32c(rows).tolist(), strict=True):
            yield size + event + struct.pack("<I", crc)


def varint(number: int) -> bytes:
    """Return a whole number from 0 on in groups of seven bits, the lowest first."""
    groups = bytearray()
    while number > 0x7F:
        groups.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*groups, number])


def message(*fields: tuple[int, Any]) -> bytes:
    """Return fields, by their numbers, as protobuf writes them; by the type of each value."""
    return b"".join(_field(number, value) for number, value in fields)


def _field(number: int, value: Any) -> bytes:
    match value:
        case bool() | int():
            # A step below 0 is one of 64 bits, as protobuf's int64 has it.
            return varint(number << 3 | _VARINT) + varint(int(value) % (1 << 64))
        case float():
            return varint(number << 3 | _DOUBLE) + struct.pack("<d", value)
        case str():
            return _field(number, value.encode("utf-8", "replace"))
        case _:
            return varint(number << 3 | _BYTES) + varint(len(value)) + bytes(value)


def version_event(wall_time: float) -> bytes:
    """Return the event that a file begins with."""
    return message((1, wall_time), (3, "brain.Event:2"))


class ScalarEvents:
    """Events with numbers of several tags.

    Args:
        tags: What the numbers are called.
    """

    def __init__(self, tags: Sequence[str]) -> None:
        # All of a value but the four bytes at its end, which are its number.
        self._before = [message((1, self._value(tag)))[:-4] for tag in tags]

    @staticmethod
    def _value(tag: str) -> bytes:
        return message((1, tag)) + varint(2 << 3 | _FLOAT) + bytes(4)

    def event(self, wall_time: float, step: int, numbers: bytes, present: Sequence[int]) -> bytes:
        """Return the event of a step.

        Args:
            wall_time: When, in seconds since 1970.
            step: Which.
            numbers: One for each tag, as little-endian float32.
            present: Which of the tags have a number there.
        """
        values = (self._before[at] + numbers[4 * at : 4 * at + 4] for at in present)
        return message((1, wall_time), (2, step), (5, b"".join(values)))


def settings_event(wall_time: float, settings: Mapping[str, Any]) -> bytes:
    """Return the event with which the plugin for hyper-parameters takes a run in.

    Args:
        wall_time: When it began, in seconds since 1970.
        settings: Names and values: numbers, truths and texts.
    """
    entries = [message((1, name), (2, _json_value(value))) for name, value in settings.items()]
    started = message(*((1, entry) for entry in entries), (5, wall_time))
    return _of_plugin(wall_time, "_hparams_/session_start_info", message((3, started)))


def ending_event(wall_time: float, status: int) -> bytes:
    """Return the event that tells that plugin how a run ended: 1 well, 2 badly, 3 not yet."""
    ended = message((1, status), (2, wall_time))
    return _of_plugin(wall_time, "_hparams_/session_end_info", message((4, ended)))


def _of_plugin(wall_time: float, tag: str, content: bytes) -> bytes:
    metadata = message((1, message((1, "hparams"), (2, content))))
    # A tensor of no numbers: of float32, in the shape [0].
    tensor = message((1, 1), (2, message((2, message((1, 0))))))
    value = message((1, tag), (8, tensor), (9, metadata))
    return message((1, wall_time), (5, message((1, value))))


def _json_value(value: Any) -> bytes:
    """Return a google.protobuf.Value."""
    match value:
        case bool():
            return message((4, value))
        case int() | float():
            return message((2, float(value)))
        case _:
            return message((3, str(value)))
