"""The same experiments as ordinary PyTorch loops: what the engine is measured against.

Each loop is what one writes by hand: an ``nn.Sequential``, ``torch.optim``, ``backward``, and the
loss and every parameter's gradient norm read as numbers each step. They train on the engine's
own data, so that both do the same work.
"""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import nn

from engine.activations import ACTIVATIONS
from engine.data import Part, load
from engine.experiment import Experiment


def sequential(experiment: Experiment) -> nn.Sequential:
    """Return the experiment's network as one would write it."""
    widths, layers = experiment.widths, []
    for index, name in enumerate(experiment.model.activations):
        linear = nn.Linear(widths[index], widths[index + 1])
        init = experiment.model.inits[index]
        if init.weight.name == "normal":
            nn.init.normal_(linear.weight, init.weight.mean, init.weight.std)
        if init.bias.name == "constant":
            nn.init.constant_(linear.bias, init.bias.val)
        activation = ACTIVATIONS[name]
        layers += [linear, getattr(nn, activation.module)(**activation.arguments)]
    return nn.Sequential(*(layer for layer in layers if not isinstance(layer, nn.Identity)))


def tensors(part: Part, experiment: Experiment) -> tuple[torch.Tensor, torch.Tensor]:
    """Return a set as rows-first tensors."""
    targets = torch.from_numpy(part.targets)
    if experiment.loss.targets == "binary":
        targets = targets.float()[:, None]
    return torch.from_numpy(part.inputs), targets


def train(experiment: Experiment, steps: int) -> dict[str, Any]:
    """Train by hand, full batch, and return the kept history.

    Where there is a dev set it is measured each epoch, and the weights that are best on it kept.
    """
    data = load(experiment.data, experiment.train.seed)
    inputs, targets = tensors(data.train, experiment)
    dev = tensors(data.dev, experiment) if data.dev is not None else None
    model = sequential(experiment)
    spec = experiment.optimizer
    optimizer = getattr(torch.optim, spec.torch_name)(model.parameters(), **spec.arguments)
    loss_fn = getattr(nn.functional, experiment.loss.functional)
    history: dict[str, list[Any]] = {"loss": [], "norms": [], "dev_loss": [], "dev_accuracy": []}
    best, best_weights = -1.0, copy.deepcopy(model.state_dict())
    for _ in range(steps):
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
            if accuracy > best:
                best, best_weights = accuracy, copy.deepcopy(model.state_dict())
    return {**history, "best_weights": best_weights, "model": model}


@torch.no_grad()
def test_accuracy(experiment: Experiment) -> float:
    """Train a whole run by hand; return the accuracy on the test set with the best weights."""
    with torch.enable_grad():
        trained = train(experiment, experiment.steps)
    model: nn.Module = trained["model"]
    model.load_state_dict(trained["best_weights"])
    part = load(experiment.data, experiment.train.seed).test
    assert part is not None
    inputs, targets = tensors(part, experiment)
    return float(((model(inputs) > 0.5).float() == targets).float().mean())
