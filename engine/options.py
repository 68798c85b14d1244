"""The options that several commands have, each told once.

A command takes what belongs together as one parameter, a dataclass of options; ``grouped`` lays
its fields out for Typer, which reads options off a signature. What ``--help`` says of an option
stands in the docstring of its command, or of its dataclass, under ``Options:``.

    @app.command()
    @grouped
    def run(preset: PresetName, changes: Changes, machine: Machine, as_json: AsJson = False): ...
"""

from __future__ import annotations

import inspect
import re
import typing
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass, fields, is_dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

import typer
from typer.main import get_command_name

if TYPE_CHECKING:
    from typer.models import CommandInfo

    from .text.owned import Share

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
        help="A run's folder, recording, name or unique beginning of it, or: last, or last-1 for "
        "the one before it.",
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
    """What is changed of a preset.

    Options:
        set_: Set any key of the preset, such as optimizer.lr=0.1 (repeatable).
        seed: The same as --set train.seed=N.
    """

    set_: Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE")] = None
    seed: Annotated[int | None, typer.Option(metavar="N")] = None

    def overrides(self) -> list[str]:
        """Return them as KEY=VALUE.

        Raises:
            PresetError: What is to vary is no KEY=V,V….
        """
        return [*(self.set_ or ()), *_given("train.seed", self.seed)]


@dataclass(frozen=True)
class Variations(Changes):
    """What is changed of a preset, and what differs among the networks of a population.

    Options:
        seeds: Train N networks side by side, each with the next seed (--set population.seeds=N).
        vary: Train networks side by side that differ in a key, such as optimizer.lr=0.01,0.1
            (repeatable: every combination).
    """

    seeds: Annotated[int | None, typer.Option("--seeds", metavar="N")] = None
    vary: Annotated[list[str] | None, typer.Option("--vary", metavar="KEY=V,V…")] = None

    def overrides(self) -> list[str]:
        """Return them as KEY=VALUE."""
        asked = [*super().overrides(), *_given("population.seeds", self.seeds)]
        if self.vary:
            from .experiment.overrides import typed
            from .experiment.tables import inline

            asked += _given("population.vary", inline(typed(self.vary, "--vary")))
        return asked


def _given(key: str, value: object) -> list[str]:
    return [] if value is None else [f"{key}={value}"]


@dataclass(frozen=True)
class Machine:
    """What a preset is trained on, and whether its code may run.

    Options:
        device: auto, cpu, cuda or cuda:1.
    """

    device: Annotated[str, typer.Option(metavar="DEVICE", callback=_device)] = "auto"
    allow_code: AllowCode = False


@dataclass(frozen=True)
class RunsFolder:
    """Where runs are kept.

    Options:
        runs_dir: Where runs are kept [default: $EPOCHAL_RUNS or ./runs].
    """

    runs_dir: Annotated[Path | None, typer.Option(metavar="DIR", file_okay=False)] = None

    @property
    def folder(self) -> Path:
        """The folder of runs."""
        from .runs.folder import runs_dir

        return self.runs_dir or runs_dir()


@dataclass(frozen=True)
class NewRuns(RunsFolder):
    """Where runs are made, and who may read them.

    Options:
        share: Who else may read what is made, and follow what is presented: group, all or nobody
            [default: nobody, or as config.toml says].
    """

    share: Annotated[
        Literal["group", "all", "nobody"] | None, typer.Option("--share", metavar="WHOM")
    ] = None

    @property
    def shared(self) -> Share:
        """Who else may read what is made.

        Raises:
            ConfigurationError: The user's configuration says nothing that makes sense.
        """
        from .runs.sharing import usually_shared

        return self.share or usually_shared()


@dataclass(frozen=True)
class Viewer:
    """What whoever has a screen hands to the commands, which know none."""

    panes: Sequence[str] | None = None
    """What a lecture's scenes can be shown in."""
    film: Callable[..., Any] | None = None
    """What exports a run as a film of the screen, as ``engine.exports.export.FilmFiles`` has it."""


class AsTyped:
    """Takes what needs no reading as it was typed: texts, and what was left out.

    Typer imports pydantic to read anything but a flag, and takes as long for that as what lists or
    asks takes for its own work.

    Args:
        option: What is read; of the rest Typer reads as it would.
    """

    def __init__(self, option: Any) -> None:
        self._kind, self._reader = option.type_descriptor.annotation, option.get_runtime_param
        is_word = typing.get_origin(self._kind) is Literal
        self._words = typing.get_args(self._kind) if is_word else ()

    @classmethod
    def spared(cls, options: list[Any]) -> list[Any]:
        """Let options be read so, where this Typer reads them one by one, and return them."""
        for option in options:
            reader = getattr(option, "get_runtime_param", None)
            if reader is not None and not isinstance(reader, partial):
                option.get_runtime_param = partial(_same, cls(option))
        return options

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        """Return a value as its option's kind."""
        several = param.multiple or param.nargs == -1
        if value is None:
            return () if several else None
        if several and self._kind == list[str]:
            return list(value)
        if not several and (type(value) is self._kind or value in self._words):
            return value
        return self._reader().coerce(value, param=param, ctx=ctx)


def _same(value: T) -> T:
    return value


@cache
def with_it(app: typer.Typer, name: str) -> typer.Typer:
    """Return an application with the command of a name alone, or with all where none has it.

    Typer lays every command out before it runs one, for ten milliseconds of each.
    """
    named = [info for info in app.registered_commands if name_of(info) == name]
    if not named:
        return app
    alone = copy(app)
    alone.registered_commands = named
    return alone


def name_of(command: CommandInfo) -> str:
    """Return what a command is called."""
    assert command.callback is not None
    return command.name or get_command_name(command.callback.__name__)


def grouped(command: Callable[..., T]) -> Callable[..., T]:
    """Return a command whose parameters that are dataclasses stand as their fields."""
    options: list[inspect.Parameter] = []
    groups: dict[str, Any] = {}
    hints, (about, words) = typing.get_type_hints(command, include_extras=True), _parted(command)
    for name, parameter in inspect.signature(command).parameters.items():
        kind = hints[name]
        if is_dataclass(kind):
            groups[name] = kind
            inner = typing.get_type_hints(kind, include_extras=True)
            words |= {
                name: text
                for base in typing.cast(type, kind).__mro__
                for name, text in _parted(base)[1].items()
            }
            options += [_option(f.name, inner[f.name], f.default, words) for f in fields(kind)]
        else:
            options.append(_option(name, kind, parameter.default, words))

    def run(**given: Any) -> T:
        for name, kind in groups.items():
            given[name] = kind(**{field.name: given.pop(field.name) for field in fields(kind)})
        return command(**given)

    run.__name__, run.__doc__ = command.__name__, about
    run.__signature__ = inspect.Signature(options)  # type: ignore[attr-defined]
    run.__annotations__ = {option.name: option.annotation for option in options}
    return run


def _parted(documented: Any) -> tuple[str, dict[str, str]]:
    """Return what a docstring says, and of its section ``Options:`` the words for each."""
    about, _, section = (documented.__doc__ or "").partition("Options:\n")
    words = re.findall(r"^ +(\w+): (.+(?:\n(?! *\w+: ).+)*)", section, re.MULTILINE)
    return about.rstrip(), {name: " ".join(text.split()) for name, text in words}


def _option(name: str, kind: Any, default: Any, words: dict[str, str]) -> inspect.Parameter:
    info = next(iter(getattr(kind, "__metadata__", ())), None)
    if info is None and name in words:
        info = typer.Option()
        kind = Annotated[kind, info]
    if info is not None:
        info.help = info.help or words.get(name)
        # What is left out has no value to show: what happens then stands in the words.
        info.show_default = info.show_default and default is not None
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)
