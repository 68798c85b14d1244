"""What a loop says of its steps: numbers by name, each in the row of the step it speaks of."""

from __future__ import annotations

import functools
import math
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

import torch
from torch import Tensor

from ..recording.naming import TRAIN, meaning_of
from .single import single_reader

TOO_LATE: Final = "epochal: the run is over; what is logged now is recorded nowhere"

Number = float | Tensor
_Said = dict[str, Number | list[Number]]
"""What was said of a step, by name; a list where it was said several times."""


class RowWords:
    """What was said of each row of a block, and of the step to come.

    A row is open from when its gradients are kept until the next is begun.
    """

    def __init__(self) -> None:
        self._read: Final = single_reader()
        self._rows: list[_Said] = []
        self._coming: _Said = {}
        """What was said of the step to come."""
        self._speaks_before: bool | None = None
        """Whether the loop speaks of a step before it takes it."""
        self._has_stepped = False
        self.is_awaited = False
        """Whether the step of the open row is still to be taken."""
        self._is_left_out = False
        """Whether what is said speaks of a step that was left out."""
        self._is_over = False
        self._is_plain = True
        """Whether all that was said of the rows is numbers as they are."""

    def log(self, said: Mapping[str, Number] | None = None, /, **values: Number) -> None:
        """Say what this step came to: ``loss``, ``accuracy``, ``val_loss`` or any other number.

        A tensor is read later, together with others, so that nothing waits for the device. Where
        the first call comes before the first optimizer step, each speaks of the step that follows
        it, else of the last one. Of what is said several times for a step the mean counts.

        Args:
            said: Numbers by name, where names are no words of Python's.
            values: Numbers, or tensors of a single number.

        Raises:
            TypeError: Something is no number.
        """
        if said is not None:
            values = {**said, **values}
        if self._speaks_before is None:
            if self._is_over:
                warnings.warn(TOO_LATE, stacklevel=2)
                return
            self._speaks_before = not (self._has_stepped or self._is_left_out)
        # A row that is open before its step, as where gradients are clipped, is that of the step.
        waits = not self._rows or (self._speaks_before and not self.is_awaited)
        row = self._coming if waits else self._rows[-1]
        for name, value in values.items():
            # Nearly always it is that: what a step costs is what it calls.
            if type(value) is Tensor and not value.is_neg():
                # 0 too where it has to be asked for in another way.
                value = self._read(value) or value
            if type(value) is not float:
                value = _number(name, value)
                self._is_plain = self._is_plain and type(value) is float
            of = row
            if waits or self._is_left_out:
                if not is_of_steps(name):
                    # Measured on other rows, it speaks of the step that was taken, whenever said.
                    of = self._rows[-1] if self._rows else row
                elif self._is_left_out and not self._speaks_before:
                    continue
            if name in of:
                _say_again(of, name, value)
                self._is_plain = False
            else:
                of[name] = value

    def log_step(self, values: Mapping[str, Number], *, taken: bool) -> None:
        """Take in what a step came to: the last one, or the next, whichever the loop speaks of."""
        is_open = self._rows and (taken or self.is_awaited)
        of = self._rows[-1] if is_open else self._coming
        for name, value in values.items():
            of[name] = number = _number(name, value)
            self._is_plain = self._is_plain and type(number) is float

    def begin(self) -> None:
        """Begin a row."""
        self._rows.append(self._coming)
        self._coming = {}
        self.is_awaited, self._is_left_out = True, False

    def taken(self) -> None:
        """Have the step of the open row be one that was taken."""
        self.is_awaited, self._is_left_out, self._has_stepped = False, False, True

    def more(self) -> None:
        """Have what was said of a step to come be of the one that was taken: it goes on."""
        row = self._rows[-1]
        for name in [each for each in self._coming if is_of_steps(each)]:
            values = self._coming.pop(name)
            for value in values if isinstance(values, list) else [values]:
                if name in row:
                    _say_again(row, name, value)
                    self._is_plain = False
                else:
                    row[name] = value

    def leave_out(self) -> None:
        """Forget what was said of a step that was begun and is not taken: it is of no row."""
        self._is_left_out = True
        for row in (self._coming, *(self._rows[-1:] if self.is_awaited else ())):
            for name in [each for each in row if is_of_steps(each)]:
                del row[name]

    def take_back(self) -> bool:
        """Have the open row be none, if its step is still to be taken; return whether it was."""
        was, self.is_awaited = self.is_awaited, False
        if was:
            self._coming = self._rows.pop()
        return was

    def rows(self) -> list[dict[str, float]]:
        """Return what was said of each row; of what was said several times, the mean."""
        return cast(list[dict[str, float]], self._rows) if self._is_plain else _numbers(self._rows)

    def rest(self) -> dict[str, float]:
        """Return what was said of a step to come that does not come, and forget it."""
        row, self._coming = _numbers([self._coming])[0], {}
        return row

    def clear(self) -> None:
        """Forget all rows, which are written."""
        self._rows.clear()
        self._is_plain = all(type(each) is float for each in self._coming.values())

    def end(self) -> None:
        """Have whatever is said from here on be told to be too late."""
        self._is_over, self._speaks_before = True, None


@functools.cache
def is_of_steps(name: str) -> bool:
    """Whether a number of this name is measured on what a step is taken for."""
    return meaning_of(name).role == TRAIN


def fetched(tensors: Sequence[Tensor]) -> list[float]:
    """Return numbers from their devices, each device asked once."""
    numbers = [math.nan] * len(tensors)
    for device in {each.device for each in tensors}:
        places = [place for place, each in enumerate(tensors) if each.device == device]
        there = torch.stack(
            [tensors[place].detach().reshape(()).double() for place in places]
        ).tolist()
        for place, number in zip(places, there, strict=True):
            numbers[place] = number
    return numbers


def _say_again(of: _Said, name: str, value: Number) -> None:
    if isinstance(several := of[name], list):
        several.append(value)
    else:
        of[name] = [several, value]


def _number(name: str, value: Any) -> Number:
    """Return what is said as a number, or a copy of it where to ask for it would wait for a device.

    Raises:
        TypeError: It is none, or several.
    """
    if isinstance(value, Tensor):
        if value.numel() != 1:
            raise TypeError(
                f"{name}: is a tensor of {list(value.shape)}; log a number, as its mean"
            )
        # A copy, for what the loop makes of it later is not what was said.
        if not value.is_cpu:
            return value.detach().clone()
        value = value.item()
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf
    except (TypeError, ValueError):
        raise TypeError(f"{name}: is {_shown(value)}; log a number") from None


def _shown(value: Any) -> str:
    shape = getattr(value, "shape", None)
    return f"{type(value).__name__} of {[*shape]}" if shape else repr(value)[:80]


def _numbers(rows: Sequence[_Said]) -> list[dict[str, float]]:
    """Return what was said of rows as numbers; of what was said several times, the mean."""
    tensors = [
        each
        for row in rows
        for values in row.values()
        for each in (values if isinstance(values, list) else (values,))
        if isinstance(each, Tensor)
    ]
    numbers = iter(fetched(tensors))

    def mean(values: Number | list[Number]) -> float:
        if not isinstance(values, list):
            return next(numbers) if isinstance(values, Tensor) else values
        each = [next(numbers) if isinstance(value, Tensor) else value for value in values]
        # What is no number, or has no end, is that in the mean as well.
        return sum(each) / len(each)

    return [{name: mean(values) for name, values in row.items()} for row in rows]
