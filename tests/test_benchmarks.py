"""The benchmarks run, and compare what they say they compare. Their figures are not looked at."""

from __future__ import annotations

import itertools
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks import cuda, large, limit, plain, sketch, speed, tables, versus
from engine.gradients.compiled.building import find_compiler
from engine.presets import preset as presets

RATIO = re.compile(r"(\d+\.\d\d) \((\d+\.\d\d) to (\d+\.\d\d)\)")


@pytest.fixture(autouse=True)
def _threads() -> Iterator[None]:
    """Leave PyTorch with as many threads as it had."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.fixture
def printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., list[list[str]]]:
    """Run a benchmark with arguments; return the cells of its tables' rows, their heads first."""

    def run(main: Callable[[], None], *arguments: str) -> list[list[str]]:
        monkeypatch.setattr(sys, "argv", ["benchmark", *arguments])
        main()
        lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("|")]
        rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
        assert len({*map(len, lines)}) <= 2, "columns stand below each other"
        return [cells for cells in rows if set(cells[0]) != {"-"}]

    return run


def ratios(cells: list[str]) -> list[list[float]]:
    """Return median, least and most of each ratio in a row."""
    found = [match.groups() for cell in cells if (match := RATIO.fullmatch(cell))]
    return [[float(number) for number in each] for each in found]


@pytest.mark.skipif(find_compiler() is None, reason="there is no C compiler")
def test_the_sketch_is_made_of_what_the_compiled_steps_are_made_of() -> None:
    compiler = find_compiler()
    assert compiler is not None
    call = [*compiler.command, "-std=gnu11", "-w", "-fsyntax-only", "-x", "c", "-"]
    told = subprocess.run(call, input=sketch.text(), capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr


def test_speed_compares_with_a_plain_loop_by_formulas_and_by_autograd(printed: Any) -> None:
    presets_of_it = ("cubic", "sum-of-30", "function-set")
    head, *rows = printed(speed.main, "--steps", "3", "--rounds", "1", *presets_of_it)
    assert [(cells[0], cells[4]) for cells in rows] == [
        ("cubic", "25"),
        ("sum-of-30", "20"),
        ("function-set", "12"),
        ("cubic, 64 members, 2 threads", "55"),
        ("cubic, 1000 members, 2 threads", "50"),
    ]
    for cells in rows:
        assert len(cells) == len(head)
        assert all(least <= median <= most for median, least, most in ratios(cells))
        # By autograd a thousand of them would take minutes.
        assert len(ratios(cells)) == (1 if "1000" in cells[0] else 2)


def test_large_compares_one_thread_and_their_own_choice(
    printed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(large, "FEATURES", 20)
    monkeypatch.setattr(large, "HIDDEN", [8, 8])
    _, *rows = printed(large.main, "--rows", "300", "--steps", "4", "--rounds", "1")
    assert [len(ratios(cells)) for cells in rows] == [1, 1]
    assert rows[0][0] == "1, 1"


def test_limit_prints_what_is_counted_and_what_is_measured(
    printed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"BLOCK": 8, "SIDE": 64, "LARGE": 2**16}.items():
        monkeypatch.setattr(limit, name, value)
    counted, one, many, measured, *rows = printed(limit.main, "--seconds", "0", "cubic")
    assert counted[-2:] == ["products", "other calls"]
    assert float(one[-2]) >= 8.0, "three layers: forward, weights' gradients, two derivatives"
    assert float(many[-2]) == pytest.approx(float(one[-2]), abs=2.0), "as few for 64 members"
    assert one[1] == "0.68 Mflop"
    assert measured[-1] == "together"
    assert len(rows) == 2
    assert all("x)" in cell for cells in rows for cell in cells[2:])


def test_lightning_runs_where_it_is_installed(printed: Any) -> None:
    pytest.importorskip("lightning", exc_type=ImportError)
    from benchmarks import lightning

    _, *rows = printed(lightning.main, "--steps", "3", "--rounds", "1")
    assert [ratios(cells)[0][0] > 0 for cells in rows] == [True, True]


def test_sides_take_turns_and_every_other_round_goes_backwards() -> None:
    calls = []

    def side(name: str, seconds: float) -> Callable[[], float]:
        return lambda: calls.append(name) or seconds

    seconds = versus.in_turns({"a": side("a", 3.0), "b": side("b", 1.5)}, 3)
    assert "".join(calls) == "abbaab"
    assert versus.Ratio.of(seconds["a"], seconds["b"]) == versus.Ratio(2.0, 2.0, 2.0)
    assert versus.Ratio.of([4.0, 9.0, 1.0], [1.0, 3.0, 1.0]) == versus.Ratio(3.0, 1.0, 4.0)


@pytest.mark.parametrize("name", ["cubic", "function-set", "sum-of-30"])
def test_the_limit_counts_what_pytorch_counts(name: str) -> None:
    experiment = presets.load(name).experiment
    shape = limit.Shape.of(experiment, 1)
    counter: AbstractContextManager[Any] = FlopCounterMode(display=False)
    with counter as counted:
        plain.train(experiment, 1)
    # PyTorch leaves the biases out.
    units = sum(layer.units for layer in shape.layers)
    biases = units * (shape.rows + shape.learned)
    assert shape.product_flop - biases == counted.get_total_flops()
    assert limit.Shape.of(experiment, 64).product_flop == 64 * shape.product_flop


def test_minibatches_of_the_plain_loop_are_an_epoch_in_another_order() -> None:
    rows = torch.arange(10)
    seen = list(itertools.islice(plain.minibatches(rows[:, None], rows, 4), 6))
    assert [len(targets) for _, targets in seen] == [4, 4, 2] * 2
    epochs = [torch.cat([targets for _, targets in seen[at : at + 3]]) for at in (0, 3)]
    assert all(torch.equal(epoch.sort().values, rows) for epoch in epochs)
    assert all(torch.equal(inputs[:, 0], targets) for inputs, targets in seen)


def test_sums_of_the_plain_loop_are_those_of_the_preset() -> None:
    data: Any = presets.load("sum-of-30").experiment.data
    inputs, targets = next(plain.sums(data, 1000))
    assert inputs.shape == (1000, 30)
    assert inputs.min() == 0.0
    assert inputs.max() == 1.0
    assert torch.equal(inputs, (inputs * 100).round() / 100)
    assert torch.allclose(targets, inputs.sum(1, keepdim=True))


def test_a_population_counts_per_member() -> None:
    case = speed.Case("cubic", 4, 2, 1.0)
    assert case.name == "cubic, 4 members, 2 threads"
    assert all(side() > 0 for side in speed.sides(case, 2).values())


def test_an_unknown_preset_is_refused(printed: Any, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        printed(speed.main, "cubik")
    assert "cubik; use cubic, two-moons" in capsys.readouterr().err


def test_tables_compare_what_new_writes_with_scikit_learn(printed: Any) -> None:
    pytest.importorskip("sklearn")
    arguments = ("--splits", "2", "--rows", "120", "--budget", "0.2", "passengers", "houses")
    head, *rows = printed(tables.main, *arguments)
    assert len(head) == 8
    assert [cells[0] for cells in rows] == ["passengers", "houses"]
    for cells in rows:
        mine, theirs, difference = float(cells[3]), float(cells[5]), cells[7].split(" ± ")
        assert float(difference[0]) == pytest.approx(mine - theirs, abs=2e-4)
        assert float(difference[1]) >= 0


def test_what_is_asked_of_a_gpu_can_be_asked_of_any_device(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cuda, "BLOCK", 8)
    cells = [each.strip() for each in cuda.compare("cubic", 2, "cpu", 4).strip("|").split("|")]
    assert cells[0] == "cubic, 2 members"
    # Nothing is captured on a CPU, and float32 is near to float64 after a few steps.
    assert cells[4] == "the same"
    assert 0 < float(cells[5]) < 1e-5
    told = cuda.population(3, "cpu", 2)
    assert re.match(r"cubic, 3 members, .* torch\.func\.vmap \d", told)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_without_cuda_nothing_is_measured_and_the_status_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["cuda"])
    with pytest.raises(SystemExit) as left:
        cuda.main()
    assert left.value.code == 2
    assert capsys.readouterr().err == "no CUDA device is here: nothing was run\n"
