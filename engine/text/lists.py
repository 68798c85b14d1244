"""Lists as people type them: values between commas."""

from __future__ import annotations

from collections.abc import Iterator


def parts(text: str) -> Iterator[str]:
    """Yield what stands between the commas that are in no brackets and no quotes."""
    part, depth, quoted, escaped = "", 0, False, False
    for character in text:
        if character == "," and not depth and not quoted:
            yield part.strip()
            part = ""
            continue
        part += character
        if quoted:
            quoted, escaped = escaped or character != '"', character == "\\" and not escaped
        elif character == '"':
            quoted = True
        else:
            depth = max(depth + (character in "([{") - (character in ")]}"), 0)
    if part.strip():
        yield part.strip()
