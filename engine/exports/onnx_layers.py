"""The modules of a network as operators of ONNX, an entry each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np

from ..errors import RequestError
from .onnx_graph import Graph, Value

Emit = Callable[[Graph, Value, Any], Value]
"""Adds what a module of PyTorch does to a value."""


def layer(graph: Graph, value: Value, module: Any) -> Value:
    """Return what a module makes of a value, in float32 and as it is once it is trained.

    Raises:
        RequestError: It is none that is known here.
    """
    emit = EMITTED.get(type(module).__name__)
    if emit is None:
        raise RequestError(f"--to onnx: there is no operator for nn.{type(module).__name__}")
    return emit(graph, value, module)


def _numbers(graph: Graph, tensor: Any) -> Value:
    return graph.constant(tensor.detach().numpy().astype(np.float32))


def _affine(graph: Graph, module: Any) -> tuple[Value, Value]:
    return _numbers(graph, module.weight), _numbers(graph, module.bias)


def _plain(operator: str, **attributes: Any) -> Emit:
    return lambda graph, value, module: graph.add(operator, value, **attributes)


def _linear(graph: Graph, value: Value, module: Any) -> Value:
    return graph.add("Gemm", value, *_affine(graph, module), transB=1)


def _batch_norm(graph: Graph, value: Value, module: Any) -> Value:
    running = _numbers(graph, module.running_mean), _numbers(graph, module.running_var)
    given = *_affine(graph, module), *running
    return graph.add("BatchNormalization", value, *given, epsilon=module.eps)


def _layer_norm(graph: Graph, value: Value, module: Any) -> Value:
    given = _affine(graph, module)
    return graph.add("LayerNormalization", value, *given, axis=-1, epsilon=module.eps)


def _group_norm(graph: Graph, value: Value, module: Any) -> Value:
    sizes = {"num_groups": module.num_groups, "epsilon": module.eps}
    return graph.add("GroupNormalization", value, *_affine(graph, module), **sizes)


def _leaky_relu(graph: Graph, value: Value, module: Any) -> Value:
    return graph.add("LeakyRelu", value, alpha=module.negative_slope)


def _silu(graph: Graph, value: Value, module: Any) -> Value:
    return value * graph.add("Sigmoid", value)


def _hard_tanh(graph: Graph, value: Value, module: Any) -> Value:
    ends = (graph.constant(np.float32(each)) for each in (module.min_val, module.max_val))
    return graph.add("Clip", value, *ends)


def _convolution(graph: Graph, value: Value, module: Any) -> Value:
    sizes = {"strides": _pair(module.stride), "pads": _pair(module.padding) * 2}
    return graph.add("Conv", value, *_affine(graph, module), **sizes)


def _pool(operator: str, **attributes: Any) -> Emit:
    def emit(graph: Graph, value: Value, module: Any) -> Value:
        sizes = {
            "kernel_shape": _pair(module.kernel_size),
            "strides": _pair(module.stride),
            "pads": _pair(module.padding) * 2,
            "ceil_mode": int(module.ceil_mode),
        }
        return graph.add(operator, value, **sizes, **attributes)

    return emit


def _unflatten(graph: Graph, value: Value, module: Any) -> Value:
    # 0 keeps the rows, however many there are.
    return graph.add("Reshape", value, graph.constant([0, *module.unflattened_size]))


def _pair(size: Any) -> list[int]:
    return [*size] if isinstance(size, tuple | list) else [size, size]


EMITTED: Final[Mapping[str, Emit]] = {
    "Linear": _linear,
    "Conv2d": _convolution,
    "MaxPool2d": _pool("MaxPool"),
    "AvgPool2d": _pool("AveragePool", count_include_pad=1),
    "Flatten": _plain("Flatten", axis=1),
    "Unflatten": _unflatten,
    "BatchNorm1d": _batch_norm,
    "BatchNorm2d": _batch_norm,
    "LayerNorm": _layer_norm,
    "GroupNorm": _group_norm,
    # Nothing is left out of a network that is asked.
    "Dropout": lambda graph, value, module: value,
    "Identity": lambda graph, value, module: value,
    "Sigmoid": _plain("Sigmoid"),
    "Tanh": _plain("Tanh"),
    "ReLU": _plain("Relu"),
    "LeakyReLU": _leaky_relu,
    "ELU": _plain("Elu", alpha=1.0),
    "GELU": _plain("Gelu"),
    "SiLU": _silu,
    "Mish": _plain("Mish"),
    "Softplus": _plain("Softplus"),
    "Hardsigmoid": _plain("HardSigmoid", alpha=1 / 6, beta=0.5),
    "Hardtanh": _hard_tanh,
    "Softmax": _plain("Softmax", axis=-1),
    "LogSoftmax": _plain("LogSoftmax", axis=-1),
}
"""Every module that a network of a preset can have, by the name of its class in ``torch.nn``."""
