"""A graph of ONNX's operators, built from its inputs on."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike

OPSET: Final = 21
"""The version of ONNX's operators: the first with GroupNormalization as PyTorch has it."""

IR: Final = 10
"""The version of the file, as old as that one."""


class Graph:
    """Nodes, each of which is added behind those that it takes from.

    Args:
        inputs: What its inputs will be called: nothing else is called so.
    """

    def __init__(self, inputs: Collection[str] = ()) -> None:
        self._taken = {*inputs}
        self._inputs: list[Any] = []
        self._outputs: list[Any] = []
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def input(self, name: str, kind: str, *shape: int) -> Value:
        """Return a new input [rows, *shape], of numbers (``DOUBLE``) or texts (``STRING``)."""
        self._inputs.append(_described(name, kind, ["rows", *shape]))
        return Value(self, name)

    def output(self, name: str, value: Value, kind: str, *shape: int) -> None:
        """Give a value out, [rows, *shape]; an underscore tells it from an input of that name."""
        from onnx import helper

        name = self._free(name)
        self._nodes.append(helper.make_node("Identity", [value.name], [name]))
        self._outputs.append(_described(name, kind, ["rows", *shape]))

    def constant(self, numbers: ArrayLike) -> Value:
        """Return numbers or texts that are always the same."""
        from onnx import numpy_helper

        name = self._free(f"constant {len(self._constants)}")
        self._constants.append(numpy_helper.from_array(np.asarray(numbers), name))
        return Value(self, name)

    def add(self, operator: str, *inputs: Value, **attributes: Any) -> Value:
        """Return what an operator makes of some values."""
        from onnx import helper

        name = self._free(f"{operator} {len(self._nodes)}")
        names = [each.name for each in inputs]
        self._nodes.append(helper.make_node(operator, names, [name], **attributes))
        return Value(self, name)

    def _free(self, name: str) -> str:
        while name in self._taken:
            name += "_"
        return name

    def model(self, name: str, about: Mapping[str, str]) -> bytes:
        """Return the whole as a file.

        Args:
            name: What it is called.
            about: What is said of it beside.
        """
        from onnx import helper

        parts = self._nodes, name, self._inputs, self._outputs, self._constants
        versions = {"opset_imports": [helper.make_opsetid("", OPSET)], "ir_version": IR}
        model = helper.make_model(helper.make_graph(*parts), producer_name="epochal", **versions)
        helper.set_model_props(model, dict(about))
        return bytes(model.SerializeToString())


def _described(name: str, kind: str, shape: list[str | int]) -> Any:
    from onnx import TensorProto, helper

    return helper.make_tensor_value_info(name, getattr(TensorProto, kind), shape)


@dataclass(frozen=True)
class Value:
    """What comes out of a node; arithmetic with it adds nodes."""

    graph: Graph
    name: str

    def _with(self, operator: str, other: Any, *, turned: bool = False) -> Value:
        value = other if isinstance(other, Value) else self.graph.constant(np.float64(other))
        pair = (value, self) if turned else (self, value)
        return self.graph.add(operator, *pair)

    def __add__(self, other: Any) -> Value:
        return self._with("Add", other)

    def __sub__(self, other: Any) -> Value:
        return self._with("Sub", other)

    def __rsub__(self, other: Any) -> Value:
        return self._with("Sub", other, turned=True)

    def __mul__(self, other: Any) -> Value:
        return self._with("Mul", other)

    def __truediv__(self, other: Any) -> Value:
        return self._with("Div", other)

    def __pow__(self, other: Any) -> Value:
        return self._with("Pow", other)

    def __neg__(self) -> Value:
        return self.graph.add("Neg", self)

    def __pos__(self) -> Value:
        return self

    def cast(self, kind: str) -> Value:
        """Return it as other numbers, such as ``DOUBLE``."""
        from onnx import TensorProto

        return self.graph.add("Cast", self, to=getattr(TensorProto, kind))

    def summed(self) -> Value:
        """Return the sum of each row, [rows, 1]."""
        return self.graph.add("ReduceSum", self, self.graph.constant([1]), keepdims=1)


def joined(graph: Graph, values: list[Value]) -> Value:
    """Return values [rows, …] side by side."""
    return graph.add("Concat", *values, axis=1) if len(values) > 1 else values[0]


_EVERYWHERE: Final = "exp log sqrt sin cos tanh abs sign floor ceil"
_DOUBLE: Final = {name: name.title() for name in _EVERYWHERE.split()}
"""The functions of an expression that onnxruntime has in float64."""

_SINGLE: Final = {
    **{name: name.title() for name in ("tan", "sinh", "cosh")},
    "arcsin": "Asin",
    "arccos": "Acos",
    "arctan": "Atan",
}
"""Those that it has in float32 alone."""


def functions() -> Mapping[str, Callable[[Value], Value]]:
    """Return every function of an expression, as one of values."""

    def in_double(operator: str) -> Callable[[Value], Value]:
        return lambda value: value.graph.add(operator, value)

    def in_single(operator: str) -> Callable[[Value], Value]:
        return lambda value: value.graph.add(operator, value.cast("FLOAT")).cast("DOUBLE")

    double = {name: in_double(operator) for name, operator in _DOUBLE.items()}
    return double | {name: in_single(operator) for name, operator in _SINGLE.items()}
