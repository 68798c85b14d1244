"""What can be wrong, as a user would say it.

    EpochalError            anything the user can be told in a sentence
    ├── FileError           a file that does not hold, with every problem it has
    │   ├── PresetError     a preset
    │   └── LectureError    a lecture
    ├── ConfigurationError  the user's own configuration, where it does not hold
    ├── DataError           a data file that does not hold, or whose reader is not installed
    ├── RunError            a run that is not there, is ambiguous, or is held by another writer
    ├── RecordingError      a recording that cannot be read
    ├── RequestError        a request that cannot be carried out
    ├── FilterError         a filter of the list of runs that says nothing
    ├── DeviceError         a device that is not there
    └── CodeError           a network of one's own that may not be run, or does not work

Everything else that escapes is a bug and keeps its traceback. Messages say what, where and the
remedy; the command prints them on stderr and leaves with status 2.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path


class EpochalError(Exception):
    """The root: a message for the user, in a sentence."""


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a preset or a lecture."""

    source: str
    """The file, or what else it was said in, such as ``--set``."""
    key: str
    """The key's path, such as ``model.hidden[1]``; empty for the whole file."""
    message: str
    """What is wrong and what would be right."""

    def __str__(self) -> str:
        return ": ".join(part for part in (self.source, self.key, self.message) if part)


class FileError(EpochalError):
    """A file that does not hold; ``problems`` has all of them, in the order of the file."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


class PresetError(FileError):
    """A preset that does not hold."""


class LectureError(FileError):
    """A lecture that does not hold."""


class ConfigurationError(EpochalError):
    """The user's own configuration, where it does not hold."""


class DataError(EpochalError):
    """A data file that does not hold, or whose reader is not installed."""


class RunError(EpochalError):
    """A run that is not there, is ambiguous, or is held by another writer."""


class NoRunError(RunError):
    """A name that no run has, with what may be asked of those who know more names.

    Args:
        message: What is wrong with it.
        reference: The name.
        folder: Where runs are kept.
        trials: Whether a sweep's trial could be named as well.
    """

    def __init__(self, message: str, reference: str, folder: Path, *, trials: bool) -> None:
        super().__init__(message)
        self.reference, self.folder, self.trials = reference, folder, trials


class RecordingError(EpochalError):
    """A recording that cannot be read."""


class RequestError(EpochalError):
    """A request that cannot be carried out."""


class FilterError(EpochalError):
    """A filter of the list of runs that says nothing."""


class DeviceError(EpochalError):
    """A device that is not there."""


class CodeError(EpochalError):
    """A network of one's own that may not be run, or does not work."""


@contextmanager
def one_of_several(reference: str, count: int) -> Iterator[None]:
    """Say which preset it is that a change does not fit, where the change is to several.

    Args:
        reference: The preset that is looked at while this is entered.
        count: How many there are in all.
    """
    try:
        yield
    except PresetError as error:
        if count == 1:
            raise
        problems = [
            replace(each, source=f"{reference}, {each.source}")
            if each.source.startswith("--set ")
            else each
            for each in error.problems
        ]
        raise PresetError(problems) from None
