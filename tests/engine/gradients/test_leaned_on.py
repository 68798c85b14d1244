"""Each name of torch that torch does not promise, tested for what it is leaned on for."""

from __future__ import annotations

import ast
import ctypes
import re
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import distributed

import engine.gradients
from engine.gradients import leaned_on
from engine.gradients.leaned_on import aten

ROWS = torch.tensor([[[0.5], [-1.0], [2.0]]])
"""One member's three outputs for one row."""


def used_operations() -> list[str]:
    """Return the operations of ``aten`` that the gradients call, with their overloads."""
    texts = [path.read_text("utf-8") for path in Path(engine.gradients.__path__[0]).rglob("*.py")]
    named = {
        ast.unparse(node).removeprefix("aten.")
        for text in texts
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Attribute) and re.fullmatch(r"aten\.\w+\.\w+", ast.unparse(node))
    }
    return sorted(named)


@pytest.mark.parametrize("name", used_operations())
def test_torch_has_each_operation_that_writes_where_it_is_told(name: str) -> None:
    operation, overload = name.split(".")
    written = [
        argument.name
        for argument in getattr(getattr(aten, operation), overload)._schema.arguments
        if argument.is_out
    ]
    assert written in (["out"], ["grad_input"])


def test_there_are_such_operations() -> None:
    assert len(used_operations()) > 10


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_softmax_and_its_slope_are_written_where_they_are_told(name: str) -> None:
    z = ROWS.clone().requires_grad_()
    h = getattr(torch, name)(z, 1)
    h.backward(ROWS)
    out, slope = torch.empty_like(ROWS), ROWS.clone()
    getattr(leaned_on, name)(ROWS, 1, False, out=out)
    target = "grad_input" if name == "softmax" else "out"
    getattr(leaned_on, f"{name}_backward")(slope, out, 1, slope.dtype, **{target: slope})
    torch.testing.assert_close(out, h.detach())
    torch.testing.assert_close(slope, z.grad)


@pytest.mark.parametrize(
    ("kernel", "optimizer"),
    [(leaned_on.fused_adam, torch.optim.Adam), (leaned_on.fused_adamw, torch.optim.AdamW)],
)
def test_the_fused_kernels_take_the_step_of_their_optimizers(kernel, optimizer) -> None:
    weights, gradient = torch.tensor([1.0, -2.0]), torch.tensor([0.5, 0.25])
    reference = weights.clone().requires_grad_()
    reference.grad = gradient.clone()
    optimizer([reference], lr=0.1, betas=(0.9, 0.99), eps=1e-8, weight_decay=0.1).step()
    kernel(
        [weights],
        [gradient],
        [torch.zeros(2)],
        [torch.zeros(2)],
        [],
        [torch.ones(())],
        lr=torch.tensor(0.1),
        beta1=0.9,
        beta2=0.99,
        eps=1e-8,
        weight_decay=0.1,
        amsgrad=False,
        maximize=False,
    )
    torch.testing.assert_close(weights, reference.detach())


def test_what_is_compiled_is_told_in_its_wrapper_and_in_place() -> None:
    module = torch.nn.Linear(2, 1)
    wrapper = torch.compile(module, backend="eager")
    assert leaned_on.compiled_from(wrapper) is module
    assert next(iter(wrapper.state_dict())).split(".")[0] in leaned_on.WRAPPED
    assert leaned_on.is_compiled(wrapper)
    assert leaned_on.compiled_from(module) is None
    assert not leaned_on.is_compiled(module)
    assert leaned_on.was_anything_compiled()
    assert any(each is wrapper for each in leaned_on.compiled_modules())
    module.compile(backend="eager")
    assert leaned_on.is_compiled(module)


def test_each_graph_that_is_compiled_is_counted() -> None:
    before = leaned_on.times_compiled()
    torch.compile(lambda x: x + 1, backend="eager")(torch.ones(2))
    assert leaned_on.times_compiled() == before + 1


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_what_is_traced_is_told_from_what_is_not() -> None:
    seen: list[bool] = []

    def plus(x: torch.Tensor) -> torch.Tensor:
        seen.append(leaned_on.is_traced())
        return x + 1

    plus(torch.jit.trace(plus, torch.ones(2), check_trace=False)(torch.ones(2)))
    assert seen == [True, False]


def test_what_is_mapped_over_is_told_from_what_is_not() -> None:
    seen: list[bool] = []

    def square(x: torch.Tensor) -> torch.Tensor:
        seen.append(leaned_on.is_within_transform(x))
        return x.square()

    square(torch.vmap(square)(torch.ones(2)))
    assert seen == [True, False]


def test_the_store_of_a_group_is_the_one_it_was_made_with() -> None:
    from torch import distributed

    own = distributed.HashStore()
    distributed.init_process_group("gloo", store=own, rank=0, world_size=1)
    try:
        leaned_on.group_store().set("key", "value")
        assert leaned_on.group_store().get("key") == b"value"
    finally:
        distributed.destroy_process_group()


@pytest.mark.parametrize("real", ["float", "double"])
def test_a_gradient_is_found_by_where_its_parameters_object_lies(real: str) -> None:
    functions = leaned_on.tensor_functions(real)
    if sys.platform != "linux":
        assert functions is None
        return
    assert functions is not None
    assert {*leaned_on.TENSOR_CALLS, "gradient", "layout", "device", "type"} == {*functions}
    dtype = torch.float32 if real == "float" else torch.float64
    parameter = torch.nn.Parameter(torch.zeros(2, 3, dtype=dtype))
    parameter.grad = torch.ones(2, 3, dtype=dtype)
    within = leaned_on.place_within(parameter)
    assert within is not None

    def asked(name: str, kind: Any) -> Any:
        answer = kind()
        call = ctypes.PYFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.POINTER(kind))
        assert call(functions[name])(gradient, ctypes.byref(answer)) == 0
        return answer.value

    inner = ctypes.c_void_p.from_address(id(parameter) + within).value
    find = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p)(functions["gradient"])
    gradient = find(inner)
    assert asked("is_defined", ctypes.c_bool)
    assert asked("is_contiguous", ctypes.c_bool)
    assert asked("size_of", ctypes.c_int64) == 6
    assert asked("start_of", ctypes.c_void_p) == parameter.grad.data_ptr()
    numbers = [asked(f"{name}_of", ctypes.c_int32) for name in ("layout", "device", "type")]
    assert numbers == [functions[name] for name in ("layout", "device", "type")]
    parameter.grad = None
    gradient = find(inner)
    assert not asked("is_defined", ctypes.c_bool)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kept", [True, False], ids=["parameters", "flat"])
@pytest.mark.skipif(not distributed.is_available(), reason="this PyTorch trains alone")
def test_what_fully_sharded_data_parallel_makes_of_parameters_is_known(kept: bool) -> None:
    from torch.distributed.fsdp import FullyShardedDataParallel
    from torch.testing._internal.distributed.fake_pg import FakeStore

    # Of two processes that do as if they told each other something.
    distributed.init_process_group("fake", rank=0, world_size=2, store=FakeStore())
    try:
        net = FullyShardedDataParallel(
            torch.nn.Linear(3, 5), use_orig_params=kept, device_id=torch.device("cpu")
        )
        parts = leaned_on.flat_parts()
        shapes = [list(parts[id(each)].shape) for each in net.parameters()]
        assert {parts[id(each)].processes for each in net.parameters()} == {2}
        assert shapes == ([[5, 3], [5]] if kept else [[20]])
        names = [name.rpartition(".")[2] for name, _ in net.named_parameters()]
        assert names == (["weight", "bias"] if kept else [leaned_on.FLAT])
    finally:
        distributed.destroy_process_group()


def test_of_a_later_torch_nothing_is_taken_for_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "__version__", "2.14.0")
    assert leaned_on.tensor_functions("float") is None
