"""A step's operations, written down once and played without Python in between.

    formulas, as they are written ──Recorder──► operations ──TorchScript──► one call for many steps

In a small network's step, Python takes more time than the arithmetic: to find a method, to read
its arguments, to call the operation. The formulas write into buffers that never move, so that the
operations of one step are those of every step, but for the row their gradients go into and the
slot their outputs are kept in. Written down as a TorchScript function they are played from C++: the
same operations on the same numbers, and so the same bits.

PyTorch calls TorchScript finished: nothing is added to it any more. Where it does not work, the
formulas are called as they are written, which is slower and nothing else.
"""

from __future__ import annotations

import linecache
import types
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

Step = Callable[[int, int, Tensor, Tensor], None]
"""Takes a step: its row, its slot, what it sees and what it is to learn."""

Player = Callable[[int, int, int, Tensor, Tensor], None]
"""Takes consecutive steps: the first one's row and slot, how many, and for all the slots what they
see and what they are to learn."""

_numbers = count()


class Recorder(TorchFunctionMode):
    """Writes down the operations that are called while it is entered."""

    def __init__(self) -> None:
        super().__init__()
        self.operations: list[tuple[Any, tuple[Any, ...], dict[str, Any]]] = []
        """Each with its arguments."""
        self.fault = ""
        """What stands in the way of playing them again: an operation whose result is none of the
        tensors it was given, and so another one in every step."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Call an operation, and write it down."""
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        if func.__name__ == "__get__" and not isinstance(result, Tensor):
            return result  # Its shape, or its dtype.
        written = [*args[:1], *kwargs.values()]
        if result is not None and not any(result is each for each in written):
            self.fault = f"{func} makes a tensor of its own"
        self.operations.append((func, args, kwargs))
        return result


@dataclass
class Script:
    """A step's operations as the text of a TorchScript class, and the tensors it speaks of."""

    names: dict[int, str]
    """How to speak of tensors that differ from step to step, by their ``id`` in the step that was
    recorded."""
    tensors: list[Tensor] = field(default_factory=list)
    """All others: ``self.t0`` and so on."""
    groups: list[list[Tensor]] = field(default_factory=list)
    """Lists of those that an operation takes together: ``self.g0`` and so on."""
    lines: list[str] = field(default_factory=list)
    """The operations."""

    def add(self, func: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        """Write down an operation."""
        values = [self._said(value) for value in args]
        named = [f"{name}={self._said(value)}" for name, value in kwargs.items()]
        if isinstance(func, torch._ops.OpOverload):
            called = f"torch.ops.aten.{func._opname}"
        elif isinstance(func, types.MethodDescriptorType):
            called = f"{values.pop(0)}.{func.__name__}"
        else:
            called = f"torch.ops.aten.{func.__name__}"
        self.lines.append(f"            {called}({', '.join([*values, *named])})\n")

    def text(self, rows: int) -> str:
        """Return the class, given how many lists of tensors there are, one tensor for each row."""
        own = [f"    t{index}: torch.Tensor\n" for index in range(len(self.tensors))]
        lists = [f"    r{index}: list[torch.Tensor]\n" for index in range(rows)]
        lists += [f"    g{index}: list[torch.Tensor]\n" for index in range(len(self.groups))]
        head = "row: int, slot: int, steps: int, x: torch.Tensor, t: torch.Tensor"
        function = [
            f"    def forward(self, {head}) -> None:\n",
            "        for _ in range(steps):\n",
            *self.lines,
            "            row += 1\n",
            "            slot += 1\n",
        ]
        return "".join(["class Tape(torch.nn.Module):\n", *own, *lists, *function])

    def _said(self, value: Any) -> str:
        if isinstance(value, list):
            return self._list(value)
        if not isinstance(value, Tensor):
            return str(value) if isinstance(value, torch.dtype) else repr(value)
        if id(value) not in self.names:
            self.names[id(value)] = f"self.t{len(self.tensors)}"
            self.tensors.append(value)
        return self.names[id(value)]

    def _list(self, tensors: list[Tensor]) -> str:
        """Name a list of tensors.

        TorchScript drops an operation that only writes into tensors of a list made on the spot,
        as PyTorch's fused optimizers do: it takes nobody to see it.
        """
        said = [self._said(each) for each in tensors]
        if not tensors or any("[" in each for each in said):
            return f"[{', '.join(said)}]"
        self.groups.append(tensors)
        return f"self.g{len(self.groups) - 1}"


def one_by_one(step: Step) -> Player:
    """Return what takes steps as they are written."""

    def play(row: int, slot: int, steps: int, inputs: Tensor, targets: Tensor) -> None:
        for index in range(steps):
            step(row + index, slot + index, inputs[slot + index], targets[slot + index])

    return play


def record(
    step: Step,
    inputs: Tensor,
    targets: Tensor,
    rows: Sequence[Sequence[Tensor]],
    slots: Sequence[Sequence[Tensor]],
) -> Player:
    """Take a step, into row 0 and slot 0; return what takes further ones, faster if it can.

    Args:
        step: Takes a step as it is written.
        inputs: What that step sees.
        targets: What it is to learn.
        rows: Lists of tensors of which a step takes the one of its row.
        slots: Lists of tensors of which it takes the one of its slot.
    """
    names = {id(inputs): "x[slot]", id(targets): "t[slot]"}
    names |= {id(each[0]): f"self.r{index}[row]" for index, each in enumerate(rows)}
    names |= {id(each[0]): f"self.r{len(rows) + index}[slot]" for index, each in enumerate(slots)}
    with Recorder() as recorder:
        step(0, 0, inputs, targets)
    script = Script(names)
    for operation in recorder.operations:
        script.add(*operation)
    try:
        if recorder.fault:
            raise ValueError(recorder.fault)
        return _compiled(script, [*rows, *slots])
    except Exception as error:  # Whatever stands in the way, the step itself is there.
        warnings.warn(f"steps are taken one operation at a time: {error}", stacklevel=2)
        return one_by_one(step)


def _compiled(script: Script, lists: Sequence[Sequence[Tensor]]) -> Player:
    """Return a script as a function."""
    text, file = script.text(len(lists)), f"<tape {next(_numbers)}>"
    # Where TorchScript looks for the text of a class that stands in no file.
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    scope: dict[str, Any] = {"torch": torch, "__name__": __name__}
    exec(compile(text, file, "exec", dont_inherit=True), scope)
    module = scope["Tape"]()
    for index, tensor in enumerate(script.tensors):
        setattr(module, f"t{index}", tensor)
    for letter, several in (("r", lists), ("g", script.groups)):
        for index, tensors in enumerate(several):
            setattr(module, f"{letter}{index}", list(tensors))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        scripted: Any = torch.jit.script(module)
    del linecache.cache[file]
    player: Player = scripted.forward
    return player
