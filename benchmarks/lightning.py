"""Steps per second with everything recorded, against the same experiment in PyTorch Lightning.

    python -m benchmarks.lightning [--steps 3000] [--rounds 3]

What one would write there: a module that logs its loss and, before each update, every parameter's
gradient norm, each step, into a logger that keeps them in memory. Progress bar, summary and
checkpoints are off. The loader hands over the whole training set, without processes of its own:
once as one usually writes it, collating its rows for each step, and once as one batch that is
ready. All sides in turns, on one CPU thread, set-up left out; ours writes its recording to a file.

Lightning is no dependency of the project. In a folder of its own it changes nothing here:

    pip install --target /tmp/lightning --no-deps -c constraints.txt lightning \\
        lightning-utilities pytorch-lightning torchmetrics fsspec packaging pyyaml tqdm
    PYTHONPATH=/tmp/lightning python -m benchmarks.lightning
"""

from __future__ import annotations

import argparse
import functools
import logging
import statistics
import sys
import time
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from benchmarks import plain
from benchmarks.versus import WARM_UP, Ratio, in_turns, machine, micro, ours, row, rule, sized
from engine.data import load
from engine.experiment.experiment import Experiment

try:
    import lightning
    from lightning.pytorch.loggers import Logger
except ImportError:
    assert __doc__ is not None
    _, _, HOW = __doc__.partition("Lightning is no dependency")
    print(
        f"PyTorch Lightning is not installed.\n\nLightning is no dependency{HOW}", file=sys.stderr
    )
    sys.exit(1)

HEAD = ("experiment", "Lightning", "epochal", "times as fast", "at least")
AT_LEAST = 250
"""How many times as fast as Lightning it must be."""


class Network(lightning.LightningModule):
    """The experiment's network, with its loss and every gradient norm logged each step.

    Args:
        experiment: What to train.
    """

    def __init__(self, experiment: Experiment) -> None:
        super().__init__()
        self.spec = experiment.optimizer
        self.layers: nn.Sequential = plain.sequential(experiment)
        self.loss = plain.loss_function(experiment)
        self.started = self.ended = 0.0

    def on_train_start(self) -> None:
        """Start the clock."""
        self.started = time.perf_counter()

    def on_train_end(self) -> None:
        """Stop it."""
        self.ended = time.perf_counter()

    def training_step(self, batch: tuple[Tensor, Tensor], index: int) -> Tensor:
        """Return the loss of a batch."""
        inputs, targets = batch
        loss = self.loss(self.layers(inputs), targets)
        self.log("loss", loss)
        return loss

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        """Log the norms of the gradients just computed."""
        norms = {
            f"grad_norm/{name}": parameter.grad.norm()
            for name, parameter in self.layers.named_parameters()
            if parameter.grad is not None
        }
        self.log_dict(norms)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Return the experiment's optimizer."""
        maker = getattr(torch.optim, self.spec.torch_name)
        optimizer: torch.optim.Optimizer = maker(self.parameters(), **self.spec.arguments)
        return optimizer


class Memory(Logger):
    """Keeps what is logged, and does nothing else."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: list[dict[str, float]] = []

    @property
    def name(self) -> str:
        """The name of what is logged."""
        return "memory"

    @property
    def version(self) -> str:
        """Which one."""
        return "0"

    def log_hyperparams(self, params: Any, *args: Any, **kwargs: Any) -> None:
        """Keep no settings."""

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Keep a step's figures."""
        self.kept.append(dict(metrics))


def collating(inputs: Tensor, targets: Tensor) -> DataLoader[Any]:
    """Return a loader that puts the batch together of single rows."""
    return DataLoader(TensorDataset(inputs, targets), batch_size=len(inputs))


def ready(inputs: Tensor, targets: Tensor) -> DataLoader[Any]:
    """Return a loader that has the batch as it is."""
    batch: Any = [(inputs, targets)]
    return DataLoader(batch, batch_size=None)


LOADERS: dict[str, Callable[[Tensor, Tensor], DataLoader[Any]]] = {
    "rows collated": collating,
    "batch ready": ready,
}
"""How the data comes, by the name in the table."""


def theirs(experiment: Experiment, loader: str) -> float:
    """Train with Lightning; return the seconds."""
    torch.set_num_threads(1)
    steps = experiment.steps
    rows = plain.tensors(load(experiment.data, experiment.train.seed).train, experiment)
    memory = Memory()
    trainer = lightning.Trainer(
        accelerator="cpu",
        devices=1,
        max_steps=steps,
        max_epochs=-1,
        logger=memory,
        log_every_n_steps=1,
        enable_progress_bar=False,
        enable_model_summary=False,
        enable_checkpointing=False,
    )
    network = Network(experiment)
    trainer.fit(network, LOADERS[loader](*rows))
    expected = 1 + sum(1 for _ in network.layers.parameters())
    logged = [figures for figures in memory.kept if len(figures) >= expected]
    assert len(logged) == steps, f"{len(logged)} of {steps} steps were logged"
    return network.ended - network.started


def main() -> None:
    """Compare."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore", module="lightning")
    for name in ("lightning", "lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.ERROR)

    steps, rounds = arguments.steps, arguments.rounds
    in_turns(sides(min(steps, WARM_UP)), 1)
    seconds = in_turns(sides(steps), rounds)
    print(f"{machine()}; lightning {lightning.__version__}; one CPU thread;")
    print(f"{rounds} rounds of {steps} steps; the median ratio of neighbours (least to most)")
    print()
    print(row(*HEAD))
    print(rule(len(HEAD)))
    for loader in LOADERS:
        times = (micro(statistics.median(seconds[side]) / steps) for side in (loader, "epochal"))
        print(
            row(f"cubic, {loader}", *times, Ratio.of(seconds[loader], seconds["epochal"]), AT_LEAST)
        )


def sides(steps: int) -> dict[str, Callable[[], float]]:
    """Return what is compared: each trains once and returns its seconds."""
    experiment = sized("cubic", steps)
    return {
        **{loader: functools.partial(theirs, experiment, loader) for loader in LOADERS},
        "epochal": functools.partial(ours, experiment),
    }


if __name__ == "__main__":
    main()
