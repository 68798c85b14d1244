"""Scripts that are watched as they are: their numbers, their names, how they end."""

from __future__ import annotations

import ast
import contextlib
import gc
import io
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.optim.optimizer import register_optimizer_step_pre_hook

from engine.experiment.experiment import Experiment
from engine.explain.program import program
from engine.loops import moved
from engine.loops.norms import GradientNorms
from engine.loops.script import ScriptWatch
from engine.recording.file import read
from engine.recording.history import History
from engine.runs.finding import list_runs
from engine.runs.folder import RunFolder
from engine.runs.state import state_of
from engine.training.trainer import Trainer
from tests.engine.explain.test_program import SHIPPED, families, shortened
from tests.forked import Forked, workshop
from tests.patience import DEADLINE

CLIPPED = Path(__file__).parents[3] / "presets" / "exploding-clipped.toml"
PROGRAMS = SHIPPED if os.environ.get("EPOCHAL_WATCHED") else sorted({*families().values(), CLIPPED})
"""A preset of each family, and one whose gradients are clipped; all of them where that is asked."""
EXACT = {"float64": 1e-9, "float32": 1e-5}
"""How exact norms are, by what is computed with."""


def watched(text: str, runs: Path) -> History:
    """Run a program in this process and watch it; return its recording."""
    with ScriptWatch(name="program", runs=runs), contextlib.redirect_stdout(io.StringIO()):
        exec(compile(text, "<program>", "exec"), {"__name__": "__main__"})
    [folder] = runs.iterdir()
    return History(read(folder / "recording.jsonl"))


class PlainNorms:
    """The norms of gradients the plain way: in float64, where a step would use them."""

    def __init__(self) -> None:
        self.rows: list[list[float]] = []

    def __call__(self, optimizer: torch.optim.Optimizer, args: Any, kwargs: Any) -> None:
        """Take those of all parameters."""
        each = [one.grad for group in optimizer.param_groups for one in group["params"]]
        self.rows.append([float(one.double().norm()) for one in each])

    @contextlib.contextmanager
    def heard(self) -> Iterator[list[np.ndarray]]:
        """Take them at each step of any optimizer; beside it collect a loop's own, as they are."""
        taken: list[np.ndarray] = []
        hook = register_optimizer_step_pre_hook(self)
        rows = GradientNorms.rows

        def kept(norms: GradientNorms, count: int) -> np.ndarray:
            taken.append(rows(norms, count))
            return taken[-1]

        GradientNorms.rows = kept  # type: ignore[method-assign]
        try:
            yield taken
        finally:
            GradientNorms.rows = rows  # type: ignore[method-assign]
            hook.remove()


@contextlib.contextmanager
def disturbed(size: float) -> Iterator[None]:
    """Change each weight by a random share of about this size, once its optimizer has it."""
    initialise = torch.optim.Optimizer.__init__

    def disturbing(optimizer: torch.optim.Optimizer, *args: Any, **kwargs: Any) -> None:
        initialise(optimizer, *args, **kwargs)
        generator = torch.Generator().manual_seed(0)
        for each in (one for group in optimizer.param_groups for one in group["params"]):
            each.data *= 1 + size * torch.randn(each.shape, generator=generator, dtype=each.dtype)

    torch.optim.Optimizer.__init__ = disturbing  # type: ignore[method-assign]
    try:
        yield
    finally:
        torch.optim.Optimizer.__init__ = initialise  # type: ignore[method-assign]


def apart(some: Mapping[str, Any], others: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """How far numbers are apart, by column and step.

    A gradient's norm is measured by that of all gradients: of a bias before a normalisation there
    is nothing but rounding, and a sum of which nearly nothing is left has the rounding of its
    terms.
    """
    names = [name for name in some if name in others and name != "accuracy"]
    whole = np.abs(some["grad_norm"])
    scales = {
        name: whole if name.startswith("grad_norm/") else np.abs(some[name]) for name in names
    }
    return {
        name: np.abs(some[name] - others[name]) / np.maximum(scales[name], 1e-12) for name in names
    }


def columns_of(history: History) -> dict[str, np.ndarray]:
    """What is recorded of each step."""
    rows = history.series["train"]
    return {name: np.asarray(rows.column(name), float) for name in rows.columns}


DISTURBANCE = 1e-7
"""About a rounding of float32."""


def growth_of(text: str, runs: Path) -> np.ndarray:
    """By how much a program in float64 has a rounding of its first weights grow, step by step."""
    exact = columns_of(watched(text, runs / "exact"))
    with disturbed(DISTURBANCE):
        moved = columns_of(watched(text, runs / "moved"))
    grown = np.max([*apart(exact, moved).values()], axis=0) / DISTURBANCE
    return np.maximum.accumulate(np.maximum(grown, 1))


def of_type(spec: Experiment, dtype: str) -> Experiment:
    """An experiment in some type of numbers, by autograd."""
    tables = spec.model_dump(exclude_none=True)
    changed = {"gradients": "autograd", "dtype": dtype}
    return Experiment.model_validate({**tables, "train": {**tables["train"], **changed}})


@pytest.mark.parametrize("dtype", EXACT if os.environ.get("EPOCHAL_WATCHED") else ["float64"])
@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_a_programs_rows_are_those_of_the_run_that_it_stands_for(
    path: Path, dtype: str, tmp_path: Path
) -> None:
    short = shortened(path)
    if short is None or any(short.model.dropouts) or short.train.steps == 0:
        pytest.skip("its program is no other's, or draws what it leaves out otherwise")
    spec = of_type(short, dtype)
    trainer = Trainer(spec, device="cpu")
    blocks = []
    while trainer.outcome is None:
        blocks += [each for each in trainer.advance(256).series if each.group == "train"]
    text = program(spec)
    if "parameter.grad +=" in text:
        pytest.skip("it adds to the gradients itself, which the run does in its optimizer")
    plain = PlainNorms()
    with plain.heard() as taken:
        history = watched(text, tmp_path / "runs")
    if spec.train.clip_norm is None:
        assert np.allclose(np.concatenate(taken), plain.rows, rtol=EXACT[dtype], atol=0)
    every = np.concatenate([each.values for each in blocks], axis=1)[:, :, 0]
    values = dict(zip(trainer.columns["train"], every, strict=True))
    assert history.last_step == trainer.step
    rows = columns_of(history)
    assert {"loss", "lr", "grad_norm", "grad_norm/layer1.weight"} <= {*rows}
    if dtype == "float32":
        # A run multiplies stacks of matrices and its program matrices, whose sums are rounded in
        # another order: they are as far apart as the experiment has such a rounding grow.
        limits = EXACT[dtype] * growth_of(program(of_type(short, "float64")), tmp_path)
        for name, distances in apart(values, rows).items():
            assert (distances <= limits).all(), name
        return
    # Whoever writes the update out has the rate to itself.
    apart_from = ["accuracy", *(["lr"] if "torch.optim." not in text else [])]
    for name in [each for each in values if each in rows]:
        if name not in apart_from:
            # A recording keeps float32, whatever is computed with.
            assert np.allclose(rows[name], values[name], rtol=1e-6, atol=1e-12), name


TRAINS = """
import sys, torch
torch.manual_seed(0)

class Part(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = torch.nn.Linear(1, 1)

generator, critic = Part(), Part()
steps = [torch.optim.SGD(part.parameters(), lr=0.1) for part in (critic, generator)]
for _ in range(3):
    for part, step in zip((critic, generator), steps):
        step.zero_grad()
        for share in (0.25, 0.75):
            (share * part.inner(torch.ones(1)).square().sum()).backward()
        step.step()
print(sys.argv[1:], __name__)
"""


def test_networks_that_are_trained_together_share_its_rows(tmp_path: Path) -> None:
    history = watched(TRAINS, tmp_path)
    assert history.header is not None
    assert [*history.header.parameters] == [
        *("Part1.inner.weight", "Part1.inner.bias"),
        *("Part2.inner.weight", "Part2.inner.bias"),
    ]
    assert history.last_step == 3
    assert {"train", "probe", "other"} <= {*history.series}


MAKES = """
import torch
torch.manual_seed(0)
net = torch.nn.Linear(2, 1)
rows = torch.tensor([[1.0, 2.0], [3.0, -1.0]])
losses = []

def loss_of():
    loss = (net(rows) - 1).square().mean()
    losses.append(loss.item())
    return loss

"""

WITH_CLOSURES = """
kept = []
first, second = torch.optim.SGD(net.parameters(), lr=0.01), torch.optim.LBFGS(net.parameters())
for step in range(4):
    optimizer = first if step < 2 else second
    def closure():
        optimizer.zero_grad()
        loss = loss_of()
        loss.backward()
        return loss
    kept.append(len(losses))
    if step == 1:
        closure()
        optimizer.step()
    else:
        optimizer.step(closure)
losses = [losses[each] for each in kept]
"""

WITHIN_BACKWARD = """
optimizers = {each: torch.optim.SGD([each], lr=0.01) for each in net.parameters()}

def move(each):
    optimizers[each].step()
    each.grad = None

for each in net.parameters():
    each.register_post_accumulate_grad_hook(move)
for _ in range(4):
    loss_of().backward()
"""

LEFT_OUT = """
optimizer, scaler = torch.optim.SGD(net.parameters(), lr=0.01), torch.amp.GradScaler("cpu")
for step in range(4):
    optimizer.zero_grad()
    loss = loss_of() * (float("inf") if step == 1 else 1)
    torch.autograd.backward([scaler.scale(loss)])
    scaler.step(optimizer)
    scaler.update()
del losses[1]
"""

PARTS_IN_PARTS = """
from torch.utils.checkpoint import checkpoint
optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
for _ in range(3):
    optimizer.zero_grad()
    learned = rows.clone().requires_grad_()
    loss = checkpoint(lambda x: (net(x) - 1).square().mean(), learned, use_reentrant=True)
    losses.append(loss.item())
    (loss / 2).backward()
    (loss_of() / 2).backward()
    losses.pop()
    optimizer.step()
"""


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize(
    "text",
    [WITH_CLOSURES, WITHIN_BACKWARD, LEFT_OUT, PARTS_IN_PARTS],
    ids=["closures", "within backward", "left out", "parts"],
)
def test_the_loss_of_a_row_is_the_one_that_its_step_is_taken_for(text: str, tmp_path: Path) -> None:
    # What is printed shows that the program itself knows these losses.
    history = watched(
        f"{MAKES}{text}\nopen({str(tmp_path / 'said')!r}, 'w').write(repr(losses))",
        tmp_path / "runs",
    )
    losses = ast.literal_eval((tmp_path / "said").read_text())
    assert history.series["train"].column("loss").tolist() == pytest.approx(losses)
    assert history.last_step == len(losses)


ONE_AFTER_ANOTHER = """
import threading, torch
def train(steps=3, optimizers=None):
    net = torch.nn.Linear(1, 1)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
    if optimizers is not None:
        optimizers.append(optimizer)
    for _ in range(steps):
        optimizer.zero_grad()
        net(torch.ones(1)).square().sum().backward()
        optimizer.step()
"""

BY_SCHEDULES = """
for seed in range(3):
    torch.manual_seed(seed)
    net = torch.nn.Linear(1, 1)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, 1, gamma=0.5)
    for _ in range(2 + seed):
        optimizer.zero_grad()
        net(torch.ones(1)).square().sum().backward()
        optimizer.step()
        schedule.step()
"""

IN_CIRCLES = """
class Trainer:
    def __init__(self):
        self.net = torch.nn.Linear(1, 1)
        self.optimizer = torch.optim.SGD(self.net.parameters(), lr=0.01)
        self.net.trainer = self
    def take(self):
        self.optimizer.zero_grad()
        self.net(torch.ones(1)).square().sum().backward()
        self.optimizer.step()
import gc
gc.disable()
for fold in range(2):
    trainer = Trainer()
    trainer.take()
gc.enable()
"""

BY_CLOSURES = """
for fold in range(2):
    net = torch.nn.Linear(1, 1)
    optimizer = torch.optim.LBFGS(net.parameters(), max_iter=2)
    def closure():
        optimizer.zero_grad()
        loss = net(torch.ones(1)).square().sum()
        loss.backward()
        return loss
    for _ in range(2 + fold):
        optimizer.step(closure)
"""

BY_COPIES = """
import pickle
net = torch.nn.Linear(1, 1)
first = pickle.dumps((net, torch.optim.SGD(net.parameters(), lr=0.01)))
for _ in range(2):
    net, optimizer = pickle.loads(first)
    for _ in range(3):
        net(torch.ones(1)).square().sum().backward()
        optimizer.step()
"""


@pytest.mark.parametrize(
    ("calls", "steps"),
    [
        ("train(3)\ntrain(4)", [3, 4]),
        (BY_SCHEDULES, [2, 3, 4]),
        (IN_CIRCLES, [1, 1]),
        (BY_COPIES, [3, 3]),
        (BY_CLOSURES, [2, 3]),
        # One that a script still has may go on with what it trained.
        ("kept = []\ntrain(3, kept)\ntrain(4, kept)", [3]),
    ],
    ids=["functions", "schedules", "circles", "copies", "closures", "kept"],
)
def test_of_several_trainings_each_is_a_run_once_the_former_can_not_go_on(
    calls: str, steps: list[int], tmp_path: Path
) -> None:
    with ScriptWatch(name="program", runs=tmp_path) as seen:
        exec(compile(ONE_AFTER_ANOTHER + calls, "<program>", "exec"), {"__name__": "__main__"})
    histories = {each.name: History(read(each / "recording.jsonl")) for each in tmp_path.iterdir()}
    assert sorted(each.last_step for each in histories.values()) == steps
    assert seen.others == ("kept" in calls)
    for number in range(2, len(steps) + 1):
        assert any(name.startswith(f"program-{number}-") for name in histories)
    for history in histories.values():
        assert history.end is not None
        assert history.end.status == "finished"
        assert history.header is not None
        assert {*history.header.parameters} == {"weight", "bias"}
        assert np.isfinite(history.series["train"].column("loss")).all()


WITHIN = """
outer = torch.nn.Linear(1, 1)
optimizer = torch.optim.SGD(outer.parameters(), lr=0.01)
for _ in range(3):
    train(5)
    optimizer.zero_grad()
    outer(torch.ones(1)).square().sum().backward()
    optimizer.step()
"""

OF_PICTURES = """
train(4)
for _ in range(3):
    picture = torch.ones(2, requires_grad=True)
    optimizer = torch.optim.SGD([picture], lr=0.01)
    picture.square().sum().backward()
    optimizer.step()
"""

BESIDE = """
several = [threading.Thread(target=train) for _ in range(2)]
[each.start() for each in several]
[each.join() for each in several]
"""


@pytest.mark.parametrize(
    ("calls", "runs", "others"), [(WITHIN, 1, 2), (OF_PICTURES, 1, 3)], ids=["within", "pictures"]
)
def test_what_is_trained_within_another_training_or_is_no_network_is_told(
    calls: str, runs: int, others: int, tmp_path: Path
) -> None:
    with ScriptWatch(name="program", runs=tmp_path) as seen:
        exec(compile(ONE_AFTER_ANOTHER + calls, "<program>", "exec"), {"__name__": "__main__"})
    assert len([*tmp_path.iterdir()]) == runs
    assert seen.others == others


BY_HAND = """
import threading, torch
def train(steps=60):
    weight = torch.ones(3, requires_grad=True)
    for _ in range(steps):
        (weight - 1).square().sum().backward()
        weight.data -= 0.1 * weight.grad
        weight.grad = None
"""


def test_a_thread_looks_at_no_gradients_of_anothers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # They may be written right then, by what does not wait for Python.
    seen, look = dict[int, set[int]](), moved._Leaf.look
    kept = list[torch.Tensor]()  # so that no other takes its place

    def looked(leaf: Any, there: torch.Tensor, **named: Any) -> None:
        kept.append(there)
        seen.setdefault(id(there), set()).add(threading.get_ident())
        look(leaf, there, **named)

    monkeypatch.setattr(moved._Leaf, "look", looked)
    with ScriptWatch(name="program", runs=tmp_path):
        exec(compile(BY_HAND + BESIDE, "<program>", "exec"), {"__name__": "__main__"})
    assert seen
    assert all(len(threads) == 1 for threads in seen.values())


def test_trainings_beside_each_other_are_in_a_run_or_told(tmp_path: Path) -> None:
    with ScriptWatch(name="program", runs=tmp_path) as seen:
        exec(compile(ONE_AFTER_ANOTHER + BESIDE, "<program>", "exec"), {"__name__": "__main__"})
    networks = 0
    for folder in tmp_path.iterdir():
        history = History(read(folder / "recording.jsonl"))
        assert history.header is not None
        assert history.last_step >= 3
        networks += len(history.header.parameters) // 2
    assert networks + seen.others == 2


def test_a_script_for_which_no_run_can_be_made_goes_on_unwatched(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "runs").write_text("")
    text = f"{ONE_AFTER_ANOTHER}train()\ntrain()\nprint('trained')"
    with ScriptWatch(name="program", runs=tmp_path / "runs"):
        exec(compile(text, "<program>", "exec"), {"__name__": "__main__"})
    out, err = capsys.readouterr()
    assert out == "trained\n"
    assert err.count("no run can be made here") == 1
    assert "the script goes on unwatched" in err


UPDATES_ITSELF = """
import gc, torch
weight = torch.ones(3, requires_grad=True)
gc.get_objects = None   # nothing is looked for where there is no optimizer, step by step
for _ in range(3):
    weight.square().sum().backward()
"""


def test_a_script_without_an_optimizer_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gc, "get_objects", gc.get_objects)
    with ScriptWatch(runs=tmp_path / "runs") as seen:
        exec(compile(UPDATES_ITSELF, "<program>", "exec"), {"__name__": "__main__"})
    assert seen.loop is None
    assert not (tmp_path / "runs").exists()


def test_an_optimizer_that_was_let_go_of_is_none(tmp_path: Path) -> None:
    first = "import torch\nlost = torch.optim.SGD([torch.ones(2, requires_grad=True)])\ndel lost\n"
    history = watched(first + TRAINS, tmp_path)
    assert history.header is not None
    assert all(name.startswith("Part") for name in history.header.parameters)


def run(folder: Path, text: str, *arguments: str, before: tuple[str, ...] = ()) -> Any:
    (folder / "train.py").write_text(text)
    command = [
        sys.executable,
        "-P",
        "-m",
        "tui",
        "watch",
        "--runs-dir",
        str(folder / "runs"),
        *before,
    ]
    return subprocess.run(
        [*command, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=DEADLINE,
    )


def test_a_script_has_its_arguments_and_its_exit_status(tmp_path: Path) -> None:
    text = f"{TRAINS}\nimport engine\nsys.exit(3)\n"
    (tmp_path / "engine.py").write_text("")
    done = run(tmp_path, text, "train.py", "--name", "own", "-m", before=("--name", "mine"))
    assert (done.returncode, done.stdout) == (3, "['--name', 'own', '-m'] __main__\n"), done.stderr
    [folder] = list_runs(tmp_path / "runs")
    assert folder.name.startswith("mine-")
    assert f"recorded as {folder.name}; epochal attach {folder.name}" in done.stderr
    history = History(read(folder.recording))
    assert history.header is not None
    [file] = history.header.files
    assert (file["name"], file["size"]) == ("train.py", len(text))
    assert history.end is not None
    assert (history.end.status, history.end.reason) == ("failed", "SystemExit: 3")
    # What a script is told may be secret.
    assert b"own" not in folder.recording.read_bytes()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("no\x1b[2Jthing.py",), r"no\x1b[2Jthing.py: there is no such script"),
        (("train.py",), "nothing moved between two calls of backward(); nothing was recorded"),
        ((), "the following arguments are required"),
    ],
)
def test_what_cannot_be_watched_is_told(
    tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    done = run(tmp_path, "print('nothing')", *arguments)
    assert said in done.stderr
    assert not (tmp_path / "runs").exists()


class Watched:
    """Scripts that are watched, each in a process that was forked with what it needs.

    Args:
        folder: Where they are.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._runs = folder / "runs"

    def start(self, *arguments: str, said: str = "out", first: Sequence[str] = ()) -> Forked:
        """Start ``epochal watch`` in the folder."""
        options = ["--runs-dir", str(self._runs), "--name", "theirs"]
        program = ["-m", "epochal", *first, *options, *arguments]
        with (self._folder / said).open("wb") as out, Path(os.devnull).open("rb") as nothing:
            stdio = (nothing.fileno(), out.fileno(), out.fileno())
            return Forked(workshop("workers"), program, stdio, dict(os.environ))

    def said(self, name: str = "out") -> str:
        """What one of them printed."""
        return (self._folder / name).read_text("utf-8")

    @property
    def history(self) -> History:
        """The recording of the only run."""
        return History(read(self.folder.recording))

    @property
    def folder(self) -> RunFolder:
        """The only run's."""
        [folder] = list_runs(self._runs)
        return folder


@pytest.fixture
def scripts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Watched:
    if not hasattr(os, "fork"):
        pytest.skip("processes cannot fork here")
    monkeypatch.chdir(tmp_path)
    return Watched(tmp_path)


SIGNALLED = """
import os, signal, sys, torch
weight = torch.ones(1, requires_grad=True)
optimizer = torch.optim.SGD([weight], lr=0.01)
for step in range(10**9):
    weight.square().sum().backward()
    optimizer.step()
    if step == 3:
        os.kill(os.getpid(), int(sys.argv[1]))
"""


@pytest.mark.parametrize(
    ("number", "status", "state"),
    [(signal.SIGINT, "KeyboardInterrupt", "ended"), (signal.SIGTERM, None, "crashed")],
)
def test_a_signal_does_to_a_script_what_it_does_without_us(
    scripts: Watched, tmp_path: Path, number: int, status: str | None, state: str
) -> None:
    (tmp_path / "train.py").write_text(SIGNALLED)
    # A forked program says its status as Python raised it; by itself it would die of the signal.
    assert scripts.start("train.py", str(int(number))).wait(DEADLINE) in (-number, 1)
    history = scripts.history
    assert (history.end.reason if history.end else None) == status
    assert state_of(history, scripts.folder, now=time.time()) == state


def test_what_python_is_told_to_run_may_be_told_to_watch(scripts: Watched, tmp_path: Path) -> None:
    assert scripts.start("missing.py", first=["watch"]).wait(DEADLINE) == 2
    assert "missing.py: there is no such script" in scripts.said()
    (tmp_path / "watch").write_text("print('a script of that name')")
    assert scripts.start("missing.py", first=["watch"]).wait(DEADLINE) == 0
    assert "a script of that name" in scripts.said()


def test_a_module_is_run_as_python_runs_it(scripts: Watched, tmp_path: Path) -> None:
    package = tmp_path / "theirs"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "size.py").write_text("SIZE = 2\n")
    (package / "train.py").write_text(
        "from .size import SIZE\nassert SIZE == 2\n" + TRAINS + "print(__package__, sys.argv[0])\n"
    )
    assert scripts.start("-m", "theirs.train", "--lr", "1").wait(DEADLINE) == 0, scripts.said()
    first, *own = scripts.said().splitlines()
    assert first.startswith("epochal: recorded as theirs-")
    assert own == ["['--lr', '1'] __main__", f"theirs {package / 'train.py'}"]
    assert scripts.history.last_step == 3
    assert scripts.history.end is not None
    assert scripts.history.end.status == "finished"


LEAVES = """
import atexit, sys, weakref
class Model: ...
model = Model()
weakref.finalize(model, print, "let go of").atexit = False
atexit.register(print, "at the exit")
"""


@pytest.mark.parametrize("end", ["", "sys.exit(3)", "raise ValueError"])
@pytest.mark.parametrize("module", [False, True])
def test_what_a_script_leaves_lives_until_the_exit(
    scripts: Watched, tmp_path: Path, end: str, module: bool
) -> None:
    (tmp_path / "theirs.py").write_text(LEAVES + end)
    scripts.start(*(("-m", "theirs") if module else ("theirs.py",))).wait(DEADLINE)
    said = [line for line in scripts.said().splitlines() if line in ("let go of", "at the exit")]
    assert said[0] == "at the exit"


FAILS = """
def inner():
    raise ValueError("no luck")
try:
    1 / 0
except ZeroDivisionError:
    inner()
"""

HOOKS = """
import sys
def hook(kind, error, trace):
    print(kind.__name__, trace.tb_frame.f_code.co_name, error.__traceback__ is trace)
sys.excepthook = hook
"""


@pytest.mark.parametrize(
    ("script", "module", "own"),
    [
        (FAILS, False, ["theirs.py 5 <module>", "theirs.py 7 <module>", "theirs.py 3 inner"]),
        (FAILS, True, ["theirs.py 5 <module>", "theirs.py 7 <module>", "theirs.py 3 inner"]),
        ("x = (", False, []),
    ],
)
def test_an_error_is_told_by_the_script_s_own_lines(
    script: str, module: bool, own: list[str], scripts: Watched, tmp_path: Path
) -> None:
    (tmp_path / "theirs.py").write_text(script)
    status = scripts.start(*(("-m", "theirs") if module else ("theirs.py",))).wait(DEADLINE)
    assert status == 1
    lines = re.findall(r'File ".*?([^/"]+)", line (\d+), in (.+)', scripts.said())
    assert [" ".join(each) for each in lines] == own
    last = scripts.said().splitlines()[-1]
    assert last in ("ValueError: no luck", "SyntaxError: '(' was never closed")


def test_what_a_script_has_tell_of_errors_tells_of_its_own_lines(
    scripts: Watched, tmp_path: Path
) -> None:
    (tmp_path / "theirs.py").write_text(HOOKS + FAILS)
    assert scripts.start("theirs.py").wait(DEADLINE) == 1
    assert scripts.said() == "ValueError <module> True\n"


IN_PARTS = """
import sys, torch
from torch import distributed, nn
from tests.gloo import let_go
rank, meeting = int(sys.argv[1]), "file://" + sys.argv[2]
distributed.init_process_group("gloo", init_method=meeting, rank=rank, world_size=2)
net = nn.parallel.DistributedDataParallel(nn.Linear(2, 1))
optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
for step in range(20):
    optimizer.zero_grad()
    net(torch.ones(1, 2)).sum().backward()
    optimizer.step()
distributed.destroy_process_group()
let_go()
print(sys.argv[1:], __name__)
sys.exit(3)
"""


def test_a_script_that_torchrun_starts_twice_is_one_run(scripts: Watched, tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(IN_PARTS)
    meeting = str(tmp_path / "meeting")
    both = [scripts.start("train.py", str(n), meeting, said=str(n)) for n in range(2)]
    assert [each.wait(DEADLINE) for each in both] == [3, 3], scripts.said("0") + scripts.said("1")
    for rank in range(2):
        own = f"['{rank}', '{meeting}'] __main__\n"
        # The first of them records.
        assert (scripts.said(str(rank)) == own) == bool(rank)
        assert scripts.said(str(rank)).endswith(own)
    history = scripts.history
    assert history.last_step == 20
    assert {"grad_norm/weight", "grad_norm/bias", "loss"} <= {*history.series["train"].columns}
    assert history.end is not None
    assert (history.end.status, history.end.reason) == ("failed", "SystemExit: 3")


@pytest.mark.parametrize("clips", [False, True])
def test_each_row_has_the_losses_of_the_optimizers_that_step_in_it(
    clips: bool, tmp_path: Path
) -> None:
    nets = torch.nn.Linear(2, 1), torch.nn.Linear(1, 2)
    losses: list[list[float]] = [[], []]
    with ScriptWatch(name="pair", runs=tmp_path) as script:
        pairs = [(each, torch.optim.SGD(each.parameters(), lr=0.1)) for each in nets]
        for _ in range(4):
            for place, (net, optimizer) in enumerate(pairs):
                loss = net(torch.ones(net.in_features)).square().sum()
                losses[place].append(loss.item())
                optimizer.zero_grad()
                loss.backward()
                if clips:
                    torch.nn.utils.clip_grad_norm_(net.parameters(), 0.1)
                optimizer.step()
        run = script.loop
    assert run is not None
    history = History(read(Path(run.path) / "recording.jsonl"))
    assert history.series["train"].column("loss").tolist() == pytest.approx(losses[0])
    others = history.series["other"]
    assert others.steps.tolist() == [1, 2, 3, 4]
    assert others.column("loss_2").tolist() == pytest.approx(losses[1])
    assert history.header is not None
    assert history.header.parameters["Linear1.weight"] == [1, 2]
