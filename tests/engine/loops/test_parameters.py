"""Which parameters are watched, and what they are called, whatever wraps their module."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, distributed, nn

from engine.loops.parameters import MOST_NAMES, watched
from engine.loops.steps import MOST_SAID
from engine.loops.watch import watch
from engine.recording.events import COLUMNS, NAME_LENGTH
from engine.recording.file import read
from engine.recording.history import History

ROWS = torch.ones(4, 3)


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1))


PLAIN = ["0.weight", "0.bias", "2.weight", "2.bias"]


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[None]:
    """A group of one process."""
    meeting = f"file://{tmp_path / 'meeting'}"
    distributed.init_process_group("gloo", init_method=meeting, rank=0, world_size=1)
    yield
    distributed.destroy_process_group()


def compiled(net: nn.Module) -> Any:
    return torch.compile(net, backend="eager")


@pytest.mark.usefixtures("alone")
@pytest.mark.skipif(not distributed.is_gloo_available(), reason="this PyTorch has no gloo")
@pytest.mark.parametrize(
    "wrap",
    [
        nn.DataParallel,
        nn.parallel.DistributedDataParallel,
        compiled,
        lambda net: compiled(nn.parallel.DistributedDataParallel(net)),
        lambda net: nn.parallel.DistributedDataParallel(compiled(net)),
    ],
)
def test_what_wraps_a_model_is_in_no_name(wrap: Callable[[nn.Module], nn.Module]) -> None:
    model = wrap(network())
    assert [*watched(model, [torch.optim.SGD(model.parameters())]).names] == PLAIN


def test_a_module_that_calls_its_own_part_module_keeps_that_name() -> None:
    model = nn.ModuleDict({"module": nn.DataParallel(nn.ModuleDict({"module": nn.Linear(1, 1)}))})
    names = watched(model, [torch.optim.SGD(model.parameters())]).names
    assert [*names] == ["module.module.weight", "module.module.bias"]


class Adapted(nn.Module):
    """A linear layer that stays as it is, and what is learned beside it."""

    def __init__(self, base: nn.Linear, rank: int) -> None:
        super().__init__()
        self.base = base.requires_grad_(False)
        self.lora_A = nn.Linear(base.in_features, rank, bias=False)
        self.lora_B = nn.Linear(rank, base.out_features, bias=False)

    def forward(self, x: Tensor) -> Any:
        return self.base(x) + self.lora_B(self.lora_A(x))


def by_hand() -> nn.Module:
    net = network()
    net[0], net[2] = (Adapted(net[place], 2) for place in (0, 2))
    return net


def by_peft() -> nn.Module:
    peft = pytest.importorskip("peft")
    return peft.get_peft_model(network(), peft.LoraConfig(r=2, target_modules=["0", "2"]))


def trained(model: nn.Module, optimizer: torch.optim.Optimizer, runs: Path) -> History:
    with watch(model, optimizer, runs=runs) as run:
        for step in range(4):
            optimizer.zero_grad()
            model(ROWS).square().mean().backward()
            optimizer.step()
            if step == 1:
                for each in model.parameters():
                    each.requires_grad_(True)
                run._viewers.look_at = 0.0
    return History(read(Path(run.path) / "recording.jsonl"))


@pytest.mark.parametrize("adapt", [by_hand, by_peft])
def test_adapters_alone_have_columns_where_what_they_adapt_is_frozen(
    adapt: Callable[[], nn.Module], tmp_path: Path
) -> None:
    model = adapt()
    learned = [name for name, each in model.named_parameters() if each.requires_grad]
    assert len(learned) == 4
    history = trained(model, torch.optim.SGD(model.parameters(), lr=0.1), tmp_path)
    rows = history.series["train"]
    assert [*rows.columns][-4:] == [f"grad_norm/{name}" for name in learned]
    assert [*history.series["probe"].columns][:4] == [f"weight_norm/{name}" for name in learned]
    # Nothing else was trained when watching began; what is by now is said to be missing.
    [warning] = history.warnings
    assert "4 parameters trained now but frozen or unknown" in warning.message


class Tied(nn.Module):
    """Two layers of one weight."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(3, 3), nn.Linear(3, 3)
        self.second.weight = self.first.weight

    def forward(self, x: Tensor) -> Any:
        return self.second(torch.relu(self.first(x)))


def test_what_two_layers_share_counts_once(tmp_path: Path) -> None:
    torch.manual_seed(0)
    # On a CPU it calls the module itself.
    model = nn.DataParallel(Tied())
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with watch(model, optimizer, runs=tmp_path) as run:
        model(ROWS).square().mean().backward()
        norms = [float(each.grad.norm()) for each in model.parameters() if each.grad is not None]
        optimizer.step()
    rows = History(read(Path(run.path) / "recording.jsonl")).series["train"]
    names = ["first.weight", "first.bias", "second.bias"]
    assert [*rows.columns][-3:] == [f"grad_norm/{name}" for name in names]
    assert [rows.column(f"grad_norm/{name}")[0] for name in names] == pytest.approx(norms)
    total = sum(each**2 for each in norms) ** 0.5
    assert rows.column("grad_norm")[0] == pytest.approx(total)


def test_parameters_that_are_added_later_are_said_to_have_no_column(tmp_path: Path) -> None:
    net = network()
    optimizer = torch.optim.SGD(net[0].parameters(), lr=0.1)
    with watch(net, optimizer, runs=tmp_path) as run:
        optimizer.add_param_group({"params": net[2].parameters()})
        run._viewers.look_at = 0.0
        net(ROWS).sum().backward()
        optimizer.step()
    [warning] = History(read(Path(run.path) / "recording.jsonl")).warnings
    assert "2 parameters trained now" in warning.message


def test_names_and_columns_are_as_many_and_as_long_as_a_recording_may_have(
    tmp_path: Path,
) -> None:
    layers = [each for _ in range(MOST_NAMES) for each in (nn.Linear(1, 1, bias=False), nn.Tanh())]
    model: nn.Module = nn.Sequential(*layers)
    for name in ("a" * 150, "b" * 150):
        model = nn.ModuleDict({name: model})
    inner = next(iter(next(iter(model.values())).values()))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    said = {f"number {n}": 1.0 for n in range(MOST_SAID - 1)}
    model.forward = inner.forward
    with watch(model, optimizer, runs=tmp_path) as run:
        for _ in range(2):
            model(torch.ones(2, 1)).sum().backward()
            optimizer.step()
            run.log(loss=1.0, **{"train/grad_norm/other": 2.0}, **said)
    history = History(read(Path(run.path) / "recording.jsonl"))
    assert not history.warnings
    assert history.last_step == 2
    assert {"train", "probe", "other"} == {*history.series}
    assert sum(len(each.columns) for each in history.series.values()) <= COLUMNS
    names = history.header.parameters if history.header else {}
    assert len(names) == MOST_NAMES


def test_names_that_end_alike_are_told_apart(tmp_path: Path) -> None:
    one = {"x" * 300: nn.Linear(1, 1, bias=False), "y" + "x" * 300: nn.Linear(1, 1, bias=False)}
    model = nn.ModuleDict(one)
    names = watched(model, [torch.optim.SGD(model.parameters(), lr=0.1)]).names
    assert len({*names}) == 2
    assert {len(f"update_ratio/{name}") <= NAME_LENGTH for name in names} == {True}


class CallsCompiled(nn.Module):
    """A function that is compiled, which no module says."""

    def __init__(self, net: nn.Module, backend: Any) -> None:
        super().__init__()
        self.net, self.relu = net, torch.compile(torch.relu, backend=backend)

    def forward(self, x: Tensor) -> Any:
        return self.relu(self.net(x))


def in_place(net: nn.Module, backend: Any) -> nn.Module:
    model = Adapted(nn.Linear(3, 1), 2)
    model.compile(backend=backend)
    return model


@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf")
@pytest.mark.parametrize(
    ("prepare", "graphs"),
    [
        (lambda net, backend: torch.compile(net, backend=backend), 1),
        (lambda net, backend: nn.Sequential(torch.compile(net, backend=backend), nn.Tanh()), 1),
        (in_place, 1),
        (CallsCompiled, 2),
    ],
)
def test_what_is_compiled_is_not_compiled_again_to_be_watched(
    prepare: Callable[[nn.Module, Any], nn.Module], graphs: int, tmp_path: Path
) -> None:
    # Loops of other tests that nobody ended still listen until they are let go of.
    gc.collect()
    torch._dynamo.reset()
    torch._dynamo.utils.counters.clear()
    made: list[Any] = []

    def backend(graph: Any, inputs: Any) -> Any:
        made.append(graph)
        return graph.forward

    model = prepare(network(), backend)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with watch(model, optimizer, runs=tmp_path):
        for _ in range(6):
            optimizer.zero_grad()
            model(ROWS).square().mean().backward()
            optimizer.step()
    assert len(made) == graphs
