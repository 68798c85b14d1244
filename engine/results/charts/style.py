"""What the classes of a chart look like: one style sheet for pages, slides and notebooks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

# fmt: off
_COLOURS: Final[Mapping[str, tuple[str, str]]] = {
    #          in the light  in the dark
    "paper":  ("#fcfcfa",    "#15181d"),
    "panel":  ("#ffffff",    "#1c2027"),
    "text":   ("#1d2129",    "#e8eaee"),
    "muted":  ("#59616e",    "#a3abb8"),
    "edge":   ("#d5d9df",    "#3a414d"),
    "grid":   ("#e6e8ec",    "#2b313b"),
    "train":  ("#0067b1",    "#5cb3f2"),
    "dev":    ("#c25700",    "#f0a03c"),
    "epoch":  ("#00795c",    "#3fcf9f"),
    "probe":  ("#8a3ea8",    "#cf93e6"),
    "whole":  ("#1d2129",    "#e8eaee"),
    "shade0": ("#433a9c",    "#9b95ff"),
    "shade1": ("#2a63b8",    "#63a9f5"),
    "shade2": ("#14808f",    "#43c6d2"),
    "shade3": ("#11845b",    "#46d19c"),
    "shade4": ("#547f10",    "#a3d64e"),
    "shade5": ("#967200",    "#edc842"),
    "shade6": ("#c25a08",    "#ff9c55"),
    "shade7": ("#b3263f",    "#ff7087"),
    "class0": ("#0067b1",    "#5cb3f2"),
    "class1": ("#c25700",    "#f0a03c"),
    "class2": ("#00795c",    "#3fcf9f"),
    "class3": ("#8a3ea8",    "#cf93e6"),
    "class4": ("#b3263f",    "#ff7087"),
    "class5": ("#59616e",    "#a3abb8"),
    "bad":    ("#b3263f",    "#ff7087"),
    "warning": ("#8f5b00",   "#f0c040"),
    "note":   ("#0067b1",    "#5cb3f2"),
}
# fmt: on

_NEITHER: Final[Mapping[str, str]] = {
    **{name: light for name, (light, _) in _COLOURS.items()},
    "text": "currentColor",
    "muted": "currentColor",
    "whole": "#808890",
    "paper": "none",
    "edge": "#80889080",
    "grid": "#80889040",
    "train": "#2385d0",
    "dev": "#d87a1c",
    "shade0": "#6f66d6",
    "shade1": "#4b87d6",
}
"""Colours that are seen on light and on dark paper: a notebook does not say which it is."""

_RULES: Final[Mapping[str, str]] = {
    "text": "font-family:system-ui,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif;"
    "fill:var(--text)",
    ".title": "font-size:18px;font-weight:600",
    ".legend": "font-size:14px",
    ".value": "font-weight:600;font-variant-numeric:tabular-nums",
    ".number": "font-size:13.5px;fill:var(--muted);font-variant-numeric:tabular-nums",
    ".line": "fill:none;stroke:currentColor;stroke-width:2.2;stroke-linejoin:round;"
    "stroke-linecap:round",
    ".band": "fill:currentColor;opacity:.2",
    ".grid": "stroke:var(--grid);fill:none",
    ".axis": "stroke:var(--edge);fill:none",
    ".mark": "stroke:var(--muted);stroke-dasharray:2 5;fill:none",
    ".cursor": "stroke:var(--text);stroke-width:1.5;opacity:.7",
    ".points": "fill:none;stroke:currentColor",
    ".rim": "fill:none;stroke:var(--paper)",
}

_NAMED: Final = tuple(
    name for name in _COLOURS if name not in ("paper", "panel", "text", "muted", "edge", "grid")
)


def style_sheet(scope: str = "") -> str:
    """Return the rules of charts, in the colours that the reader's screen asks for.

    Args:
        scope: A selector that everything they are for stands in, with a space behind; for a
            notebook, whose own style they must not touch.
    """
    named = {f".{name}": f"color:var(--{name})" for name in _NAMED}
    rules = "".join(f"{scope}{each}{{{body}}}" for each, body in {**_RULES, **named}.items())
    if scope:
        return f"{scope.strip()}{{{_variables(_NEITHER)}}}{rules}"
    light = {name: colours[0] for name, colours in _COLOURS.items()}
    dark = {name: colours[1] for name, colours in _COLOURS.items()}
    return (
        f":root{{color-scheme:light dark;{_variables(light)}}}"
        f"@media(prefers-color-scheme:dark){{:root{{{_variables(dark)}}}}}{rules}"
    )


def _variables(colours: Mapping[str, str]) -> str:
    return ";".join(f"--{name}:{colour}" for name, colour in colours.items())
