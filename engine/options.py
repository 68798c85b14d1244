"""The options that several commands have, each told once.

A command takes what belongs together as one parameter, a dataclass of options; ``grouped`` lays
its fields out for Typer, which reads options off a signature.

    @app.command()
    @grouped
    def run(preset: PresetName, changes: Changes, machine: Machine, as_json: AsJson = False): ...
"""

from __future__ import annotations

import inspect
import re
import typing
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

T = TypeVar("T")


def _device(text: str) -> str:
    if not re.fullmatch(r"auto|cpu|cuda(:\d{1,3})?", text):
        raise typer.BadParameter(f"must be auto, cpu, cuda or cuda:1 (got {text!r})")
    return text


PresetName = Annotated[
    str, typer.Argument(metavar="PRESET", help="A preset's name, or a file.", show_default=False)
]
RunName = Annotated[
    str,
    typer.Argument(
        metavar="RUN",
        help="A run's folder, recording, name or unique beginning of it, or: last.",
        show_default=False,
    ),
]
AllowCode = Annotated[
    bool, typer.Option("--allow-code", help="Let a preset run a network from a Python file.")
]
LogEvery = Annotated[
    int | None,
    typer.Option(
        "--log-every",
        metavar="N",
        min=1,
        help="Print loss and accuracy every N epochs, or steps where a run counts steps, and each "
        "new best on the dev set; with --json as one object each.",
        show_default=False,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")]


@dataclass(frozen=True)
class Changes:
    """What is changed of a preset."""

    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="Set any key of the preset, such as optimizer.lr=0.1 (repeatable).",
            show_default=False,
        ),
    ] = None
    seed: Annotated[
        int | None,
        typer.Option(metavar="N", help="The same as --set train.seed=N.", show_default=False),
    ] = None

    def overrides(self) -> list[str]:
        """Return them as KEY=VALUE.

        Raises:
            PresetError: What is to vary is no KEY=V,V….
        """
        return [*(self.set_ or ()), *_given("train.seed", self.seed)]


@dataclass(frozen=True)
class Variations(Changes):
    """What is changed of a preset, and what differs among the networks of a population."""

    seeds: Annotated[
        int | None,
        typer.Option(
            "--seeds",
            metavar="N",
            help="Train N networks side by side, each with the next seed "
            "(--set population.seeds=N).",
            show_default=False,
        ),
    ] = None
    vary: Annotated[
        list[str] | None,
        typer.Option(
            "--vary",
            metavar="KEY=V,V…",
            help="Train networks side by side that differ in a key, such as "
            "optimizer.lr=0.01,0.1 (repeatable: every combination).",
            show_default=False,
        ),
    ] = None

    def overrides(self) -> list[str]:
        """Return them as KEY=VALUE."""
        asked = [*super().overrides(), *_given("population.seeds", self.seeds)]
        if self.vary:
            from .experiment.overrides import varied

            asked += _given("population.vary", varied(self.vary))
        return asked


def _given(key: str, value: object) -> list[str]:
    return [] if value is None else [f"{key}={value}"]


@dataclass(frozen=True)
class Machine:
    """What a preset is trained on, and whether its code may run."""

    device: Annotated[
        str, typer.Option(metavar="DEVICE", callback=_device, help="auto, cpu, cuda or cuda:1.")
    ] = "auto"
    allow_code: AllowCode = False


@dataclass(frozen=True)
class RunsFolder:
    """Where runs are kept."""

    runs_dir: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Where runs are kept [default: $EPOCHAL_RUNS or ./runs].",
            show_default=False,
            file_okay=False,
        ),
    ] = None

    @property
    def folder(self) -> Path:
        """The folder of runs."""
        from .runs.folder import runs_dir

        return self.runs_dir or runs_dir()


def grouped(command: Callable[..., T]) -> Callable[..., T]:
    """Return a command whose parameters that are dataclasses stand as their fields."""
    options: list[inspect.Parameter] = []
    groups: dict[str, Any] = {}
    hints = typing.get_type_hints(command, include_extras=True)
    for name, parameter in inspect.signature(command).parameters.items():
        kind = hints[name]
        if is_dataclass(kind):
            groups[name] = kind
            inner = typing.get_type_hints(kind, include_extras=True)
            options += [
                _option(field.name, inner[field.name], field.default) for field in fields(kind)
            ]
        else:
            options.append(_option(name, kind, parameter.default))

    def run(**given: Any) -> T:
        for name, kind in groups.items():
            given[name] = kind(**{field.name: given.pop(field.name) for field in fields(kind)})
        return command(**given)

    run.__name__, run.__doc__ = command.__name__, command.__doc__
    run.__signature__ = inspect.Signature(options)  # type: ignore[attr-defined]
    run.__annotations__ = {option.name: option.annotation for option in options}
    return run


def _option(name: str, kind: Any, default: Any) -> inspect.Parameter:
    keyword = inspect.Parameter.KEYWORD_ONLY
    return inspect.Parameter(name, keyword, default=default, annotation=kind)
