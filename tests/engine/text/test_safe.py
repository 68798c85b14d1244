"""Text made harmless for a terminal."""

from __future__ import annotations

import io
import json
import sys

import pytest

from engine.text.safe import HarmlessStream, harmless, plain

ACTING = ("\x1b]0;x\x07", "\x1b[2J", "\x9b31m", "\u202eab", "\U000e0041")
"""Texts that do something to a terminal."""


class TestWhatIsPrinted:
    def test_no_character_acts_on_a_terminal(self) -> None:
        # All that is usual, and of the rest what lies in every block.
        for code in (*range(0x3000), *range(0x3000, sys.maxunicode + 1, 61)):
            printed = harmless(f"a{chr(code)}b")
            assert plain(printed, lines=True) == printed.replace("\t", " ").replace("\r", r"\r")

    def test_colours_and_lines_pass(self) -> None:
        text = "\x1b[1;32mgreen\x1b[0m\t1\r2\n"
        assert harmless(text) == text

    @pytest.mark.parametrize(
        "text", ["\x1b]0;x\x07", "\x1b[2J", "\x9b31m", "\u202eab", "\U000e0041"]
    )
    def test_json_stays_json(self, text: str) -> None:
        printed = harmless(json.dumps({"title": text}, ensure_ascii=False))
        assert printed.isascii()
        assert json.loads(printed) == {"title": text}

    def test_a_stream_is_the_stream_but_for_that(self) -> None:
        inner = io.StringIO()
        stream = HarmlessStream(inner)
        print("\x1b[2J", file=stream, flush=True)  # type: ignore[arg-type]
        assert inner.getvalue() == "\\u001b[2J\n"
        assert stream.isatty() is False
