"""A step's operations, written down once and played without Python in between.

    formulas, as they are written ──OperationLog──► operations ──TorchScript──► many steps a call

In a small network's step, Python takes more time than the arithmetic: to find a method, to read
its arguments, to call the operation. The formulas write into buffers that never move, so that the
operations of one step are those of every step, but for the row their gradients go into and the
slot their outputs are kept in. Written down as a TorchScript function they are played from C++: the
same operations on the same numbers, and so the same bits.

Where TorchScript does not work, the formulas are called as they are written, which is slower and
nothing else.
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

from ..leaned_on import as_it_is, operation_name, scripted

Step = Callable[[int, int, Tensor, Tensor], None]
"""Takes a step: its row, its slot, what it sees and what it is to learn."""

Player = Callable[[int, int, int, Tensor, Tensor], None]
"""Takes consecutive steps: the first one's row and slot, how many, and for all the slots what they
see and what they are to learn."""

_numbers = count()


class OperationLog(TorchFunctionMode):
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
        # Every operation of a step writes into a buffer: into its first argument, or into ``out``.
        # One that allocated would give the second step the first one's result.
        written = [*args[:1], *kwargs.values()]
        if result is not None and not any(result is each for each in written):
            self.fault = f"{func} makes a tensor of its own"
        self.operations.append((func, args, kwargs))
        return result


@dataclass
class StepScript:
    """A step's operations as the text of a TorchScript class, and the tensors it speaks of."""

    names: dict[int, str]
    """How to speak of a tensor, by its ``id``: what the step sees and is to learn, at first."""
    blocks: Sequence[tuple[Tensor, str]]
    """Blocks [rows, …] of which a step has its own row, and the variable that counts them. The step
    that was recorded has the first."""
    tensors: list[Tensor] = field(default_factory=list)
    """Those that are the same in every step: ``self.t0`` and so on."""
    rows: list[list[Tensor]] = field(default_factory=list)
    """Those that lie in a block, for each of its rows: ``self.r0`` and so on."""
    groups: list[list[Tensor]] = field(default_factory=list)
    """Lists that an operation takes as one: ``self.g0`` and so on."""
    lines: list[str] = field(default_factory=list)
    """The operations."""

    def add(self, func: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        """Write down an operation."""
        values = [self._expression(value) for value in args]
        named = [f"{name}={self._expression(value)}" for name, value in kwargs.items()]
        if (operation := operation_name(func)) is not None:
            called = f"torch.ops.aten.{operation}"
        elif isinstance(func, types.MethodDescriptorType):
            called = f"{values.pop(0)}.{func.__name__}"
        else:
            called = f"torch.ops.aten.{func.__name__}"
        self.lines.append(f"            {called}({', '.join([*values, *named])})\n")

    def text(self) -> str:
        """Return the class."""
        fields = [f"    t{index}: torch.Tensor\n" for index in range(len(self.tensors))]
        fields += [f"    r{index}: list[torch.Tensor]\n" for index in range(len(self.rows))]
        fields += [f"    g{index}: list[torch.Tensor]\n" for index in range(len(self.groups))]
        head = "row: int, slot: int, steps: int, x: torch.Tensor, t: torch.Tensor"
        function = [
            f"    def forward(self, {head}) -> None:\n",
            "        for _ in range(steps):\n",
            *self.lines,
            "            row += 1\n",
            "            slot += 1\n",
        ]
        return "".join(["class Steps(torch.nn.Module):\n", *fields, *function])

    def fill(self, module: Any) -> None:
        """Give an object of the class its tensors."""
        for letter, each in (("t", self.tensors), ("r", self.rows), ("g", self.groups)):
            for index, value in enumerate(each):
                setattr(module, f"{letter}{index}", value)

    def _expression(self, value: Any) -> str:
        if isinstance(value, list):
            return self._list_expression(value)
        if not isinstance(value, Tensor):
            return str(value) if isinstance(value, torch.dtype) else repr(value)
        if id(value) not in self.names:
            self.names[id(value)] = self._new_name(value)
        return self.names[id(value)]

    def _new_name(self, tensor: Tensor) -> str:
        """Name a tensor that is met for the first time."""
        # A view shares its block's storage: that tells what is the step's own row from what stays.
        for block, counter in self.blocks:
            if tensor.untyped_storage().data_ptr() == block.untyped_storage().data_ptr():
                self.rows.append(_in_every_row(tensor, block))
                return f"self.r{len(self.rows) - 1}[{counter}]"
        self.tensors.append(tensor)
        return f"self.t{len(self.tensors) - 1}"

    def _list_expression(self, tensors: list[Tensor]) -> str:
        """Name a list of tensors.

        TorchScript drops an operation that only writes into tensors of a list made on the spot,
        as PyTorch's fused optimizers do: it takes nobody to see it.
        """
        # A list that names a row is another one in each step and has to be made on the spot.
        expressions = [self._expression(each) for each in tensors]
        if not tensors or any("[" in each for each in expressions):
            return f"[{', '.join(expressions)}]"
        self.groups.append(tensors)
        return f"self.g{len(self.groups) - 1}"


def one_by_one(step: Step) -> Player:
    """Return what takes steps as they are written."""

    def play(row: int, slot: int, steps: int, inputs: Tensor, targets: Tensor) -> None:
        for index in range(steps):
            step(row + index, slot + index, inputs[slot + index], targets[slot + index])

    return play


def record(
    step: Step, inputs: Tensor, targets: Tensor, rows: Sequence[Tensor], slots: Sequence[Tensor]
) -> Player:
    """Take a step, into row 0 and slot 0; return what takes further ones, faster if it can.

    Args:
        step: Takes a step as it is written.
        inputs: What that step sees.
        targets: What it is to learn.
        rows: Blocks of which a step has a row.
        slots: Blocks of which it has a slot.
    """
    with OperationLog() as log:
        step(0, 0, inputs, targets)
    try:
        # The step was taken for good while it was written down: nothing is done twice.
        if log.fault:
            raise ValueError(log.fault)
        blocks = [*((each, "row") for each in rows), *((each, "slot") for each in slots)]
        script = StepScript({id(inputs): "x[slot]", id(targets): "t[slot]"}, blocks)
        for operation in log.operations:
            script.add(*operation)
        return _compiled(script)
    except Exception as error:  # Whatever stands in the way, the step itself is there.
        warnings.warn(f"steps are taken one operation at a time: {error}", stacklevel=2)
        return one_by_one(step)


def _in_every_row(tensor: Tensor, block: Tensor) -> list[Tensor]:
    """Return what a view of a block's first row is in each of its rows."""
    # All views are made beforehand. Indexing the block within the script would make one for each
    # operation of each step, which takes as long as the operation.
    start, width = tensor.storage_offset(), block.stride(0)
    assert start - block.storage_offset() < width, "not of the first row"
    shape, strides = (len(block), *tensor.shape), (width, *tensor.stride())
    return list(tensor.as_strided(shape, strides, start).unbind())


def _compiled(script: StepScript) -> Player:
    """Return a script as a function."""
    text, file = script.text(), f"<steps {next(_numbers)}>"
    # Where TorchScript looks for the text of a class that stands in no file.
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    scope: dict[str, Any] = {"torch": torch, "__name__": __name__}
    exec(compile(text, file, "exec", dont_inherit=True), scope)
    module = scope["Steps"]()
    script.fill(module)
    forward: Player = scripted(module)
    del linecache.cache[file]

    def play(row: int, slot: int, steps: int, inputs: Tensor, targets: Tensor) -> None:
        with as_it_is():
            forward(row, slot, steps, inputs, targets)

    return play
