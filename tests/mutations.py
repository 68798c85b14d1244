"""Files of runs as nobody wrote them: some bits, a value, a line of them are others.

Each takes what was written and returns how it is otherwise, and what it then is.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from random import Random
from typing import Any, Final

import numpy as np
from safetensors.numpy import load

from engine.recording.checkpoints import digest_of
from tests.experiments import MOONS

OTHERS: Final = (
    *(0, -1, 1, 0.5, 2**31, 2**53, 2**53 + 1, 2**63, 2**64, 10**30, 10**400, 1e308, -1e308, 1e-320),
    *(True, False, None, "", "abc", "x" * 1000, [], {}, [[]], [None], [1] * 2000, {"a": {"b": 1}}),
    *("\x1b[31mred\x1b]0;own\x07", "\u202e", "\ud800", "NaN", "inf", "1e999", "/dev/zero", "../.."),
)
"""What stands in a value's place."""

GARBAGE: Final = (
    *(b"null", b"[]", b"{}", b'{"kind":1}', b'{"kind":"series"}', b'{"kind":"unknown","t":1}'),
    *(b"[" * 100_000, b'{"a":' * 50_000, b"\xff\xfe", b'"' + b"x" * 100_000 + b'"', b"NaN"),
    *(b"1e9999", b"9" * 100_000, b"\0" * 5000, b'{"kind":"end","t":1,"step":-5}'),
    b'{"kind":"heartbeat","t":1e308,"step":9007199254740992}',
    b'{"kind":"resume","t":0,"from_step":-100,"host":"x","pid":-1}',
    b'{"kind":"resume","t":0,"from_step":3,"host":"x","pid":99999999999}',
)
"""What stands between the lines."""

EVENTS: Final[Mapping[str, tuple[Any, ...]]] = {
    "kind": ("mark", "request", "warning", "checkpoint", "heartbeat", "resume", "end", "fork"),
    "t": (0, 1, 2, -5, 1e300),
    "step": (0, 5, -7, 10**6, 2**53),
    "title": ("a mark", "\x1b[31m"),
    "note": ("", "\x1b]52;c;AAAA\x07", "{loss} {dev_loss@3}"),
    "pause": (True, False),
    "id": ("a",),
    "viewer": ("v", "\x1b[2J"),
    "action": ("set_lr", "pause", "step", "continue", "stop", "unheard-of"),
    "arguments": ({}, {"lr": 1e30}, {"lr": -1}, {"n": 10**15}, {"n": -5}, {"title": "t"}),
    "refused": ("", "\x1b[1m"),
    "message": ("\x1b[1m",),
    "file": ("../../../../etc/passwd", "/dev/zero", "checkpoints/x.pt", "\0", "x" * 5000, ""),
    "from_step": (0, -1, 2**53, 50),
    "steps": (0, 3, 2**53),
    "host": ("h",),
    "pid": (0, -1, 1, 2**31, 2**53),
    "status": ("finished", "unheard-of", "diverged", "failed", "stopped"),
    "reason": ("\x1b[5m", "patience", "epochs"),
    "parent": ("another", "\x1b[2J"),
    "digest": ("",),
    "experiment": ({}, {"model": {"hidden": [3]}}, MOONS),
    "changes": ({}, {"optimizer.lr": 0.1}, {"model.hidden": [9, 9]}),
    "result": (
        *({}, {"best_step": -1}, {"best_step": 10**15}, {"ended_at": []}, {"ended_at": [10**15]}),
        *({"train_loss": "nan", "seconds": -1}, {"confusion": [[2**53]]}, {"best_step": [1]}),
        *({"statuses": ["finished"], "reasons": ["\x07"]}, {"test_accuracy": 1e308, "epochs": 0}),
    ),
}
"""What a whole line more may say."""

Lines = list[bytes]


# How bytes are others.


def flipped(body: bytes, draw: Random) -> bytes:
    """Some bits are others."""
    changed = bytearray(body)
    for _ in range(draw.choice([1, 1, 3, 20, 500])):
        changed[draw.randrange(len(changed))] ^= 1 << draw.randrange(8)
    return bytes(changed)


def flipped_early(body: bytes, draw: Random) -> bytes:
    """Some bits of the first line are others."""
    end = body.find(b"\n") + 1 or len(body)
    return flipped(body[:end], draw) + body[end:]


def cut(body: bytes, draw: Random) -> bytes:
    """The end is missing, or the beginning."""
    at = draw.randrange(len(body))
    return body[:at] if draw.random() < 0.7 else body[at:]


def zeroed(body: bytes, draw: Random) -> bytes:
    """There are zeros, in a place or up to the end."""
    at, size = draw.randrange(len(body)), draw.choice([1, 16, 512, 20_000, len(body)])
    return body[:at] + bytes(min(size, len(body) - at)) + body[at + size :]


def holed(body: bytes, draw: Random) -> bytes:
    """A part is missing, or there twice."""
    at, size = draw.randrange(len(body)), draw.choice([1, 16, 512, 4096])
    return body[: at + size] + body[at:] if draw.random() < 0.4 else body[:at] + body[at + size :]


BYTES: Final = (flipped, flipped, flipped_early, cut, zeroed, holed)


# How lines are others.


def among_garbage(lines: Lines, draw: Random) -> None:
    """There are lines that are none."""
    for _ in range(draw.choice([1, 1, 5])):
        lines.insert(draw.randrange(len(lines) + 1), draw.choice([*GARBAGE, draw.randbytes(200)]))


def in_disorder(lines: Lines, draw: Random) -> None:
    """A line is elsewhere, missing or there twice, or all stand anyhow."""
    at, to = draw.randrange(len(lines)), draw.randrange(len(lines))
    match draw.randrange(5):
        case 0:
            lines[at], lines[to] = lines[to], lines[at]
        case 1:
            lines.insert(to, lines[at])
        case 2:
            del lines[at]
        case 3:
            lines[1:] = draw.sample(lines[1:], len(lines) - 1)
        case _:
            lines.insert(to, lines[draw.choice([0, -1])])


def with_other_values(lines: Lines, draw: Random, kind: bytes = b"") -> None:
    """Values of lines are others, or missing."""
    of_kind = [at for at, line in enumerate(lines) if line.startswith(b'{"kind":"' + kind)]
    for _ in range(draw.choice([1, 1, 2, 4]) if of_kind else 0):
        at = draw.choice(of_kind)
        lines[at] = _line(with_another_value(json.loads(lines[at]), draw))


def with_another_header(lines: Lines, draw: Random) -> None:
    """Values of the header are others, or missing."""
    with_other_values(lines, draw, b"header")


def with_another_end(lines: Lines, draw: Random) -> None:
    """Values of the end are others, or missing."""
    with_other_values(lines, draw, b"end")


def with_other_rows(lines: Lines, draw: Random) -> None:
    """A table of rows has another size, other steps or other numbers than it says."""
    tables = [at for at, line in enumerate(lines) if line.startswith(b'{"kind":"series')]
    if not tables:
        return
    at = draw.choice(tables)
    line = json.loads(lines[at])
    size = len(base64.b64decode(line["data"])) // 4
    columns = size // line["count"] or 1
    field = draw.choice(["count", "members", "first", "stride", "group", "data", "numbers", "many"])
    match field:
        case "count" | "members":
            line[field] = draw.choice([0, -1, 1, 2, 3, 10**9, 2**31, line[field] + 1])
        case "first":
            line[field] = draw.choice([0, -1, -(2**53), 2**53 - 1, line[field] + 10**6])
        case "stride":
            line[field] = draw.choice([0, -1, 7, 2**40])
        case "group":
            line[field] = draw.choice(["dev", "probe", "epoch", "train", "unheard-of", "\x1b[1m"])
        case "data":
            line[field] = draw.choice(
                [f"!!!!{line[field][4:]}", line[field][:-4], line[field][:-3]]
            )
        case "numbers":
            number = draw.choice([np.nan, np.inf, -np.inf, 0.0, 3e38, -3e38, 1e-45])
            line["data"] = _packed(np.full(size, number))
        case _:
            line |= {"count": 20_000}
            line["data"] = _packed(np.random.default_rng(1).normal(size=columns * 20_000))
    lines[at] = _line(line)


def with_a_line_more(lines: Lines, draw: Random) -> None:
    """There is a whole line more."""
    event = {name: draw.choice(values) for name, values in EVENTS.items()}
    lines.insert(draw.randrange(1, len(lines) + 1), _line(event))


def with_odd_values(lines: Lines, draw: Random) -> None:
    """Values are of the right kind, but do not fit what else the lines say."""
    for _ in range(draw.choice([1, 1, 1, 2])):
        at = _of_any_kind(lines, draw)
        line = json.loads(lines[at])
        table, key = _place_in(line, draw)
        if table is not None:
            table[key] = odd(table[key], draw)
        lines[at] = _line(line)


def odd(value: Any, draw: Random) -> Any:
    """Return another value of the same kind: shorter, longer, nothing, too much of it."""
    match value:
        case bool():
            return not value
        case int():
            return draw.choice([0, -1, 1, value - 1, value + 1, 2 * value, 1000, 10**9, 2**53])
        case float():
            return draw.choice([0.0, -value, 2 * value, 1e-30, 1e30, -1.0, 0.5])
        case str():
            return draw.choice(["", "x", f"{value}x", value[1:], value[:-1], value.upper()])
        case list():
            same = value[:1] * max(len(value), 2)
            several = [[], value[1:], value[:-1], value + value[-1:], 2 * value, value[::-1], same]
            return deepcopy(draw.choice([*several, value[:1], 8 * value]))
        case dict():
            return _odd_table(value, draw)
    return value


def _odd_table(table: dict[str, Any], draw: Random) -> dict[str, Any]:
    """Return a table with a key less or more, called otherwise, or with another's value."""
    if not table:
        return {"another": 1}
    one, other = draw.choice([*table]), draw.choice([*table])
    less = {key: value for key, value in table.items() if key != one}
    exchanged = {**table, one: table[other], other: table[one]}
    called = {f"{key}x" if key == one else key: value for key, value in table.items()}
    more = {**table, f"{one}x": table[one]}
    turned = dict(reversed(table.items()))
    return deepcopy(draw.choice([{}, less, less, exchanged, called, more, turned]))


def _of_any_kind(lines: Lines, draw: Random) -> int:
    """Return which line: the first, or one of a kind of which all are as likely."""
    if draw.random() < 0.5:
        return 0
    kinds: dict[bytes, list[int]] = {}
    for at, line in enumerate(lines):
        if line.strip():
            kinds.setdefault(line[:16], []).append(at)
    return draw.choice(kinds[draw.choice([*kinds])])


def _place_in(tree: Any, draw: Random) -> tuple[Any, Any]:
    """Return where a value of a tree stands: each key as likely, and less so what lies deeper."""
    table, key, value = None, None, tree
    while isinstance(value, dict | list) and value and (table is None or draw.random() < 0.6):
        # A line of another kind is another line, and no odd value.
        above = ("kind", "t") if table is None else ()
        keys = [*value] if isinstance(value, dict) else range(len(value))
        table, key = value, draw.choice([each for each in keys if each not in above])
        value = table[key]
    return table, key


def with_values_of(lines: Lines, others: Lines, draw: Random) -> None:
    """Values, whole lines or all lines of a kind are those of another run."""
    at = _of_any_kind(lines, draw)
    kind = lines[at][:16]
    those = [line for line in others if line.startswith(kind)]
    if not those:
        return
    match draw.randrange(6):
        case 0:
            lines[at] = draw.choice(those)
        case 1:
            here = [number for number, line in enumerate(lines) if line.startswith(kind)]
            for number in reversed(here):
                del lines[number]
            lines[here[0] : here[0]] = those
        case _:
            line, other = json.loads(lines[at]), json.loads(draw.choice(those))
            for key in draw.sample([*other], draw.choice([1, 1, 2, 3])):
                line[key] = other[key]
            lines[at] = _line(line)


LINES: Final[tuple[Callable[[Lines, Random], None], ...]] = (
    *(among_garbage, in_disorder, with_other_values, with_other_rows, with_a_line_more),
    *(with_another_header, with_another_header, with_another_end, with_a_line_more),
    *(with_odd_values, with_odd_values, with_odd_values),
)


def with_another_value(tree: Any, draw: Random, others: Sequence[Any] = OTHERS) -> Any:
    """Return JSON in which one value is another, or is missing."""
    places = list(_places(tree))
    if not places:
        return deepcopy(draw.choice(others))
    table, key = draw.choice(places)
    if draw.random() < 0.2:
        del table[key]
    else:
        # A copy: what is in it may be another next.
        table[key] = deepcopy(draw.choice(others))
    return tree


def _places(tree: Any) -> Iterator[tuple[Any, Any]]:
    """Yield where the values of a tree stand; of a list the first ones."""
    match tree:
        case dict():
            items: Any = tree.items()
        case list():
            items = enumerate(tree[:4])
        case _:
            return
    for key, value in items:
        yield tree, key
        yield from _places(value)


def _line(value: Any) -> bytes:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "surrogatepass")


def _packed(values: Any) -> str:
    return base64.b64encode(values.astype("<f4").tobytes()).decode()


def mutated_lines(body: bytes, draw: Random) -> tuple[str, bytes]:
    """Return a file of lines as it is otherwise, and how."""
    if draw.random() < 0.3:
        other = draw.choice(BYTES)
        return other.__name__, other(body, draw)
    lines = body.rstrip(b"\n").split(b"\n")
    change = draw.choice(LINES)
    change(lines, draw)
    return change.__name__, b"\n".join(lines) + b"\n"


def mixed_lines(body: bytes, other: bytes, draw: Random) -> tuple[str, bytes]:
    """Return a file of lines that has some of another's, and how."""
    lines = body.rstrip(b"\n").split(b"\n")
    with_values_of(lines, other.rstrip(b"\n").split(b"\n"), draw)
    return with_values_of.__name__, b"\n".join(lines) + b"\n"


def mutated_checkpoint(body: bytes, draw: Random) -> tuple[str, bytes]:
    """Return a checkpoint as it is otherwise, and how: its bytes, its head, or what that quotes."""
    if draw.random() < 0.3:
        other = draw.choice(BYTES)
        return other.__name__, other(body, draw)
    size = int.from_bytes(body[:8], "little")
    head, numbers = json.loads(body[8 : 8 + size]), body[8 + size :]
    said = json.loads(head["__metadata__"]["epochal"])
    match draw.randrange(4):
        case 0:
            how, head = "another head", with_another_value(head, draw)
        case 1:
            how, said = "another value", with_another_value(said, draw)
            head["__metadata__"]["epochal"] = json.dumps(said)
        case 2:
            how = "an odd value"
            table, key = _place_in(said, draw)
            table[key] = odd(table[key], draw)
            head["__metadata__"]["epochal"] = json.dumps(said)
        case _:
            # Each array is whole, but of other numbers or another shape.
            how, name = "another array", draw.choice([key for key in head if key[:2] != "__"])
            count = int(np.prod(head[name]["shape"], dtype=np.int64))
            head[name]["shape"] = draw.choice([[count], [1, count, 1], [count, 1]])
            numbers = draw.choice([numbers, bytes(len(numbers)), b"\xff" * len(numbers)])
    text = json.dumps(head).encode()
    changed = len(text).to_bytes(8, "little") + text + numbers
    # What was not damaged, but made so, has the hash that belongs to it.
    return (f"{how}, signed", _signed(changed)) if draw.random() < 0.5 else (how, changed)


def _signed(body: bytes) -> bytes:
    """Return a checkpoint with the hash of what it holds, where it can be read at all."""
    try:
        arrays = load(body)
        size = int.from_bytes(body[:8], "little")
        head = json.loads(body[8 : 8 + size])
        said = head["__metadata__"]
        said["sha256"] = digest_of(arrays, said["epochal"])
        text = json.dumps(head).encode()
        return len(text).to_bytes(8, "little") + text + body[8 + size :]
    except Exception:
        return body


NOTES: Final = b"""\
name = "mine"
note = "what there is to say"
tags = ["a", "b"]
pinned = true

[[marks]]
step = 3
title = "here"
note = "this"
"""


def mutated_notes(body: bytes, draw: Random) -> tuple[str, bytes]:
    """Return notes as they are otherwise, and how."""
    if draw.random() < 0.5:
        other = draw.choice(BYTES)
        return other.__name__, other(body, draw)
    key, _, rest = draw.choice(body.split(b"\n")[:-1]).partition(b" = ")
    value = draw.choice([b"1", b"-1", b"[]", b"{}", b"9" * 5000, b"nan", b"'\x1b'", b"1979-05-27"])
    return "another value", body.replace(key + b" = " + rest, key + b" = " + value, 1)


REQUESTS: Final = b"".join(
    _line({"id": f"{number}", "viewer": "ada", "time": 1.0, "action": action, "arguments": given})
    + b"\n"
    for number, (action, given) in enumerate(
        [
            ("pause", {}),
            ("step", {"n": 2}),
            ("set_lr", {"lr": 0.1}),
            ("mark", {"title": "here", "note": "this"}),
            ("continue", {}),
        ]
    )
)
