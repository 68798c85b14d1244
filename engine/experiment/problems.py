"""From pydantic's errors to problems in plain words, each at its key in the preset.

pydantic tells what it tried; a user wants to know what to write. So tags of unions are dropped
from the path, the branches of a union are told as one problem, and an unknown key gets the
nearest known one. Nothing here knows a single key of a preset: it walks the schema.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, Final

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from .. import configuration
from ..errors import Problem
from ..text.numerals import number
from ..text.safe import plain
from ..text.spelling import closest, nearest, show
from .experiment import WRITTEN

Path = tuple[str | int, ...]
"""The way from the top of a preset to a value: keys of tables and indices of lists."""

MAX_PROBLEMS: Final = 200
"""How many are told one by one; nobody reads on, and a file of noise has a million."""

_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]+")
_PART: Final = re.compile(r"\[(\d+)\]|([A-Za-z0-9_-]+)")
_OWN_KEY: Final = re.compile(r"((?:[a-z_][a-z0-9_]*|\[\d+\]|\.)+): (.*)", re.DOTALL)
"""A message of a validator that begins with the key it is about."""

_EXPECTED: Final[Mapping[str, str]] = {
    **dict.fromkeys(("string_type", "string_unicode"), "a text"),
    **dict.fromkeys(("int_type", "int_from_float"), "a whole number"),
    "int_parsing_size": "a smaller number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "list_type": "a list",
    **dict.fromkeys(("dict_type", "model_type", "model_attributes_type"), "a table"),
    "none_required": "left out",
    "greater_than": "above {gt}",
    "greater_than_equal": "at least {ge}",
    "less_than": "below {lt}",
    "less_than_equal": "at most {le}",
}
"""What a value must be, by the type of pydantic's error."""


_OF_NUMBERS: Final = (("hidden",), ("split",), ("domain",), ("size",), ("input_shape",))
"""The last keys of lists of numbers, which are often written without their brackets."""


_ELSEWHERE_CALLED: Final[Mapping[str, str]] = {
    **dict.fromkeys(("learning_rate", "learningrate", "eta", "step_size"), "lr"),
    **dict.fromkeys(("l2", "regularisation", "regularization", "decay"), "weight_decay"),
    **dict.fromkeys(("num_epochs", "n_epochs", "max_epochs"), "epochs"),
    **dict.fromkeys(("hidden_layers", "hidden_sizes", "neurons", "units"), "hidden"),
    "batch": "batch_size",
    "random_state": "seed",
}
"""Keys by what they are called in other libraries and in books, where no spelling is near."""


@dataclass(frozen=True)
class _Finding:
    """One of pydantic's errors, placed."""

    path: Path
    """Where it is in the preset."""
    union: Path
    """Where pydantic first chose among branches to get there; all of ``path`` where it did not."""
    branch: str
    """Which branch it tried."""
    expected: str = ""
    """What the value must be; empty where ``message`` says it all."""
    message: str = ""
    """What is wrong, where "must be …" does not say it."""
    got: str = ""
    """The value that was found."""


def explain(
    error: ValidationError, tables: Mapping[str, Any], source: str, model: type[BaseModel]
) -> list[Problem]:
    """Return the problems pydantic found, in the order of the file.

    Args:
        error: What validating ``tables`` raised.
        tables: What was validated.
        source: Where it was said.
        model: What it was validated as.
    """
    details = error.errors(include_url=False)[:MAX_PROBLEMS]
    findings = [finding for detail in details for finding in _findings(detail, tables, model)]
    by_key = groupby(sorted(_meant(findings), key=_key_of), key=_key_of)
    merged = [_merge(list(branches)) for _, branches in by_key]
    merged.sort(key=lambda finding: _position(finding.path, tables))
    problems = [Problem(source, key_text(each.path), _sentence(each)) for each in merged]
    if (more := error.error_count() - len(details)) > 0:
        problems.append(Problem(source, "", f"and {more} more problems"))
    return problems


def key_text(path: Path) -> str:
    """Return a path as it is written: ``model.hidden[1]``; odd keys are quoted as in TOML."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else "." * bool(text) + _written(part)
    return text


def path_in(key: str) -> Path:
    """Return the path that a key such as ``model.hidden[1]`` writes: ``key_text`` undone."""
    return tuple(int(index) if index else name for index, name in _PART.findall(key))


def _written(key: str) -> str:
    return key if _BARE_KEY.fullmatch(key) else plain(json.dumps(key, ensure_ascii=False))


def _findings(
    detail: ErrorDetails, tables: Mapping[str, Any], model: type[BaseModel]
) -> Iterator[_Finding]:
    """Place one of pydantic's errors; a validator's message may hold several lines."""
    path, union, branch = _place(detail, tables)
    kind, context, value = detail["type"], detail.get("ctx", {}), detail["input"]
    finding = _Finding(path, union, branch)
    match kind:
        case "value_error":
            for line in str(context["error"]).splitlines():
                inner, message = _own_key(line) if isinstance(value, dict) else ((), line)
                yield replace(finding, path=_join(path, inner, tables), message=message)
        case "extra_forbidden":
            yield replace(finding, message=_unknown_key(detail["loc"], model))
        case "missing":
            yield replace(finding, message="is missing")
        case "union_tag_invalid" | "union_tag_not_found":
            key = context["discriminator"].strip("'")
            finding = replace(finding, path=_join(path, (key,), tables))
            if key in value:
                yield _choice(finding, context["expected_tags"], value[key])
            else:
                yield replace(finding, message="is missing")
        case "too_short" | "too_long" | "string_too_long":
            yield replace(finding, message=_length(kind, context, value))
        case "literal_error":
            yield _choice(finding, context["expected"], value)
        case _ if kind in _EXPECTED:
            bounds = {key: _bound(bound) for key, bound in context.items()}
            expected = _EXPECTED[kind].format_map(bounds)
            instead = _instead(kind, value)
            if kind == "list_type" and path[-1:] in _OF_NUMBERS:
                instead = _as_list(value)
            yield replace(finding, expected=expected, got=show(value) + instead)
        case _:
            yield replace(finding, message=detail["msg"])


def _instead(kind: str, value: Any) -> str:
    """Say how to write what was meant: 100 for 100.0, 0.5 for '0,5', true for 'True'."""
    if kind in ("int_type", "int_from_float") and isinstance(value, float):
        short = value.is_integer() and abs(value) < 1e15
        return f"; write {int(value)}" if short else ""
    if not isinstance(value, str):
        return ""
    if kind == "bool_type":
        return f"; write {value.lower()}" if value.lower() in ("true", "false") else ""
    typed = number(value.replace(",", ".")) if kind in ("int_type", "float_type") else None
    if kind == "int_type" and not isinstance(typed, int):
        return ""
    return "" if typed is None else f"; write {typed}"


def _as_list(value: Any) -> str:
    """Say how numbers without brackets are written as a list: [8] for 8, [8, 8] for '8, 8'."""
    words = value.strip("[] ").split(",") if isinstance(value, str) and len(value) < 100 else []
    entries = [number(word.strip()) for word in words]
    if isinstance(value, int | float) and not isinstance(value, bool):
        entries = [value]
    return f"; write {entries}" if entries and None not in entries else ""


def _place(detail: ErrorDetails, tables: Mapping[str, Any]) -> tuple[Path, Path, str]:
    """Return an error's path in the preset, the last union on the way, and the branch taken."""
    here: Any = tables
    path: Path = ()
    union: Path | None = None
    branch = ""
    for index, part in enumerate(detail["loc"]):
        is_last = index == len(detail["loc"]) - 1
        # What says a table's kind: pydantic puts it into the path, after the table's key.
        tags = (here.get("kind"), here.get("name")) if isinstance(here, dict) else ()
        if _holds(here, part) and (union == path or part not in tags):
            here, path = here[part], (*path, part)
        elif is_last and detail["type"] == "missing" and isinstance(here, dict):
            path = (*path, part)
        else:
            union, branch = path, str(part)
    return path, path if union is None else union, branch


def _holds(here: Any, part: str | int) -> bool:
    """Whether ``part`` is a key or an index that is there."""
    if isinstance(here, list):
        return isinstance(part, int) and part < len(here)
    return isinstance(here, dict) and part in here


def _own_key(line: str) -> tuple[Path, str]:
    """Split a validator's message into the key it begins with, if it does, and the rest."""
    match = _OWN_KEY.fullmatch(line)
    return (path_in(match[1]), match[2]) if match else ((), line)


def _join(path: Path, inner: Path, tables: Mapping[str, Any]) -> Path:
    """Return ``path`` and ``inner`` after it, up to where the preset holds a short form."""
    here: Any = tables
    for part in path:
        here = here[part]
    for part in inner:
        if isinstance(part, str) and not isinstance(here, dict):
            break
        path = (*path, part)
        here = _inside(here, part)
    return path


def _inside(here: Any, part: str | int) -> Any:
    """Return what is under a key; a table left out is as good as an empty one."""
    if isinstance(here, dict):
        return here.get(part, {})
    return here[part] if isinstance(here, list) and isinstance(part, int) else {}


def _choice(finding: _Finding, names: str, value: Any) -> _Finding:
    """Return the finding that a value is none of the ``names``, of which pydantic quotes texts."""
    choices = re.findall(r"'([^']*)'", names)
    quoted = list(map(repr, choices)) or [names]
    expected = f"one of {', '.join(quoted)}" if len(quoted) > 2 else " or ".join(quoted)
    near = closest(value, choices) if isinstance(value, str) else None
    got = f"{show(value)}; did you mean {near!r}?" if near else show(value)
    return replace(finding, expected=expected, got=got)


def _length(kind: str, context: Mapping[str, Any], value: Any) -> str:
    what = "characters" if kind.startswith("string") else "entries"
    if kind == "too_short":
        least = context["min_length"]
        return f"must have at least {least} {'entry' if least == 1 else what} (got {len(value)})"
    return f"must have at most {context['max_length']} {what} (got {len(value)})"


def _bound(bound: object) -> str:
    return f"{bound:g}" if isinstance(bound, float) else str(bound)


def _unknown_key(loc: Sequence[str | int], model: type[BaseModel]) -> str:
    """Say that there is no such key, which is the nearest, and which there are."""
    keys, tag = _known_keys(loc[:-1], model)
    unknown = str(loc[-1])
    if len(loc) == 1 and unknown in configuration.TABLES:
        where = f"~/.config/epochal/{configuration.FILE}"
        return f"stands in your own {where} alone: a preset may come from anyone"
    called = _ELSEWHERE_CALLED.get(unknown.lower().replace("-", "_"), "")
    near = f" (did you mean {called!r}?)" if called in keys else nearest(unknown, keys)
    near = near or _elsewhere(called or unknown, loc, model)
    where = f"of {tag!r}" if tag else "here"
    return f"is not a key {where}{near}; there are: {', '.join(keys)}"


def _elsewhere(key: str, loc: Sequence[str | int], model: type[BaseModel]) -> str:
    """Name the table of the top level that knows ``key``, for one that stands in the wrong one."""
    schema = _schema(model)
    for table, node in schema["properties"].items():
        options = node.get("oneOf", node.get("anyOf", [node]))
        has_key = any(key in _follow(option, schema).get("properties", ()) for option in options)
        if has_key and loc[0] != table:
            return f" (did you mean {table}.{key}?)"
    return ""


def _known_keys(loc: Sequence[str | int], model: type[BaseModel]) -> tuple[list[str], str]:
    """Return the keys of the table at ``loc``, and its kind where there are several."""
    schema = _schema(model)
    node, tag = schema, ""
    for part in loc:
        tag = ""
        if part in node.get("properties", {}):
            node = node["properties"][part]
        elif isinstance(part, int):
            node = node["items"]
        elif isinstance(node.get("additionalProperties"), dict):
            # A table of tables whose keys are the user's own, such as the columns of a file.
            node = node["additionalProperties"]
        else:
            node, tag = {"$ref": node["discriminator"]["mapping"][part]}, str(part)
        node = _follow(node, schema)
    table = ".".join(part for part in loc if isinstance(part, str))
    keys = [key for key in node["properties"] if f"{table}.{key}".lstrip(".") not in WRITTEN]
    return sorted(keys, key=lambda key: key not in ("kind", "name")), tag


def _follow(node: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """Return what a node of a JSON Schema refers to; a table that may be left out is a table."""
    for option in node.get("anyOf", ()):
        if "$ref" in option:
            node = option
    if "$ref" in node:
        referred: dict[str, Any] = schema["$defs"][node["$ref"].rpartition("/")[2]]
        return referred
    return node


@functools.cache
def _schema(model: type[BaseModel]) -> dict[str, Any]:
    # As it is written back, so that short forms are out of the way.
    return model.model_json_schema(mode="serialization")


def _meant(findings: Sequence[_Finding]) -> list[_Finding]:
    """Keep, of each union, the branch that was meant: the one that went deepest before it failed,
    then the one with the fewest problems. Branches that failed at the union itself all stay.
    """
    kept: list[_Finding] = []
    for union in dict.fromkeys(finding.union for finding in findings):
        of_union = [finding for finding in findings if finding.union == union]
        branches = [
            [finding for finding in of_union if finding.branch == branch]
            for branch in dict.fromkeys(finding.branch for finding in of_union)
        ]
        depth = max(len(finding.path) for finding in of_union)
        if depth == len(union) or len(branches) == 1:
            kept += of_union
        else:
            deepest = [b for b in branches if max(len(f.path) for f in b) == depth]
            kept += sorted(deepest, key=len)[0]
    return [finding for finding in kept if not _is_outdone(finding, kept)]


def _is_outdone(finding: _Finding, others: Sequence[_Finding]) -> bool:
    """Whether another branch of the union where this one failed led to a union within it."""
    here = finding.union
    if not finding.branch or finding.path != here:
        return False
    return any(len(each.union) > len(here) and each.union[: len(here)] == here for each in others)


def _key_of(finding: _Finding) -> str:
    return key_text(finding.path)


def _merge(findings: Sequence[_Finding]) -> _Finding:
    """Return one finding for all that were made at one path."""
    alone = len({finding.branch for finding in findings}) == 1
    wanted = (f.expected if alone else _whole(f) for f in findings if f.expected)
    expected = " or ".join(dict.fromkeys(wanted))
    # A branch that got as far as a message was of the right type: the others do not matter.
    message = "; ".join(dict.fromkeys(f.message for f in findings if f.message))
    return replace(findings[0], expected="" if message else expected, message=message)


def _whole(finding: _Finding) -> str:
    """Return what is expected, to stand beside another branch's: a bound gets its noun."""
    if finding.expected.startswith(("at ", "above ", "below ")):
        return f"a {'whole ' * ('int' in finding.branch)}number of {finding.expected}"
    return finding.expected


def _sentence(finding: _Finding) -> str:
    return finding.message or f"must be {finding.expected} (got {finding.got})"


def _position(path: Path, tables: Mapping[str, Any]) -> tuple[float, ...]:
    """Return where a path stands in the file, as the position of each of its parts."""
    here: Any = tables
    position: list[float] = []
    for part in path:
        is_key = isinstance(here, dict) and part in here
        index = part if isinstance(part, int) else float("inf")
        position.append(list(here).index(part) if is_key else index)
        here = here[part] if _holds(here, part) else None
    return tuple(position)
