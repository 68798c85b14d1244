"""The same experiments as ordinary PyTorch loops: what the engine is measured against.

Each loop is what one writes by hand: an ``nn.Sequential``, ``torch.optim``, ``backward``, and the
loss and every parameter's gradient norm read as numbers each step. They train on the engine's
own data, so that both do the same work; their initial weights are PyTorch's own draws, and so are
fresh rows and the order of minibatches. Nothing is done that slows them down.
"""

from __future__ import annotations

import copy
import itertools
import time
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn

from engine.components.activations import ACTIVATIONS
from engine.components.initialisers import Default, InitialiserBase
from engine.data import Examples, load
from engine.data.sum import Sum
from engine.experiment.experiment import Experiment
from engine.network.layers import module_specs

Rows = tuple[Tensor, Tensor]


def sequential(experiment: Experiment) -> nn.Sequential:
    """Return the experiment's network as one would write it."""
    if experiment.model.layers:
        specs = module_specs(experiment.model, experiment.plan)
        return nn.Sequential(*(getattr(nn, s.module)(*s.arguments, **s.keywords) for s in specs))
    widths, layers = experiment.widths, list[nn.Module]()
    for index, name in enumerate(experiment.model.activations):
        linear = nn.Linear(widths[index], widths[index + 1])
        init = experiment.model.inits[index]
        start(linear.weight, init.weight)
        start(linear.bias, init.bias)
        activation = ACTIVATIONS[name]
        layers += [linear, getattr(nn, activation.module)(**activation.arguments)]
    return nn.Sequential(*(layer for layer in layers if not isinstance(layer, nn.Identity)))


def start(parameter: nn.Parameter, init: InitialiserBase) -> None:
    """Draw a parameter as the experiment says; the default is what ``nn.Linear`` has done."""
    if not isinstance(init, Default):
        getattr(nn.init, init.function)(parameter, **init.arguments)


def tensors(part: Examples, experiment: Experiment) -> Rows:
    """Return a set as rows-first tensors."""
    targets = torch.from_numpy(part.targets)
    if experiment.loss.targets == "binary":
        targets = targets.float()[:, None]
    return torch.from_numpy(part.inputs), targets


def batches(experiment: Experiment, train: Examples) -> Iterator[Rows]:
    """Yield what each step sees: the training set whole or in parts, or rows drawn afresh."""
    if isinstance(experiment.data, Sum):
        return sums(experiment.data, experiment.batch_rows)
    whole = tensors(train, experiment)
    if experiment.steps_per_epoch == 1:
        return itertools.repeat(whole)
    return minibatches(*whole, experiment.batch_rows)


def sums(data: Sum, rows: int) -> Iterator[Rows]:
    """Yield whole numbers that were never seen before, and their sums."""
    while True:
        inputs = torch.randint(0, data.highest + 1, (rows, data.terms)) / data.divide_by
        yield inputs, inputs.sum(dim=1, keepdim=True)


def minibatches(inputs: Tensor, targets: Tensor, rows: int) -> Iterator[Rows]:
    """Yield a set in parts, in another order each epoch."""
    while True:
        for own in torch.randperm(len(inputs)).split(rows):
            yield inputs[own], targets[own]


def loss_function(experiment: Experiment) -> Callable[[Tensor, Tensor], Tensor]:
    """Return the loss as one would call it."""
    function = getattr(nn.functional, experiment.loss.functional)

    def loss(outputs: Tensor, targets: Tensor) -> Tensor:
        return function(outputs, targets, reduction=experiment.loss.reduction)

    return loss


def train(experiment: Experiment, steps: int) -> dict[str, Any]:
    """Train by hand and return the kept history, and the ``seconds`` that the loop took.

    Where there is a dev set it is measured each step, which must be an epoch, and the weights that
    are best on it are kept: of equal accuracies those with the smaller loss.
    """
    data = load(experiment.data, experiment.train.seed)
    seen = batches(experiment, data.train)
    dev = tensors(data.dev, experiment) if data.dev is not None else None
    model = sequential(experiment)
    spec = experiment.optimizer
    optimizer = getattr(torch.optim, spec.torch_name)(model.parameters(), **spec.arguments)
    loss_fn = loss_function(experiment)
    history: dict[str, list[Any]] = {"loss": [], "norms": [], "dev_loss": [], "dev_accuracy": []}
    best, best_weights = (-1.0, 0.0), copy.deepcopy(model.state_dict())
    assert dev is None or experiment.steps_per_epoch == 1
    started = time.perf_counter()
    for inputs, targets in itertools.islice(seen, steps):
        optimizer.zero_grad()
        loss = loss_fn(model(inputs), targets)
        loss.backward()
        history["loss"].append(loss.item())
        history["norms"].append([p.grad.norm().item() for p in model.parameters()])
        optimizer.step()
        if dev is not None:
            with torch.no_grad():
                outputs = model(dev[0])
                history["dev_loss"].append(loss_fn(outputs, dev[1]).item())
                accuracy = ((outputs > 0.5).float() == dev[1]).float().mean().item()
            history["dev_accuracy"].append(accuracy)
            if (score := (accuracy, -history["dev_loss"][-1])) > best:
                best, best_weights = score, copy.deepcopy(model.state_dict())
    seconds = time.perf_counter() - started
    kept = {"best_weights": best_weights, "model": model, "data": data, "seconds": seconds}
    return {**history, **kept}


@torch.no_grad()
def result(experiment: Experiment) -> dict[str, Any]:
    """Train a whole run by hand; return its history and figures."""
    with torch.enable_grad():
        trained = train(experiment, experiment.steps)
    model, data = trained["model"], trained["data"]
    if data.test is not None:
        model.load_state_dict(trained["best_weights"])
        inputs, targets = tensors(data.test, experiment)
        outputs = model(inputs)
        trained["test_accuracy"] = float(((outputs > 0.5).float() == targets).float().mean())
        trained["test_loss"] = float(loss_function(experiment)(outputs, targets))
    elif not experiment.has_accuracy and not experiment.data.fresh:
        said, true = model(torch.from_numpy(data.train.inputs)).numpy(), data.train.targets
        errors = data.scaling.to_original(said) - data.scaling.to_original(true)
        trained["train_rmse"] = float((errors**2).mean() ** 0.5)
    return trained
