"""A network, its optimizer and its loss as a call of the compiled steps is told them, once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from torch import Tensor

from ...components.activation_rules import ActivationRule
from ...components.activations import ACTIVATIONS
from ...components.losses import Huber
from ...components.optimizers import OptimizerBase
from ...components.update_rules import UpdateRule
from ...experiment.experiment import Members
from ...network.module import EPSILON, MOMENTUM
from ...step.batches import Batch
from ...step.class_weights import class_weights
from ..method import Workload
from .printing import formulas
from .task import (
    IDENTITY,
    LOG_SOFTMAX,
    LOSSES,
    NORMALISATIONS,
    SOFTMAX,
    UNIT,
    LayerOfTask,
    Parameter,
    Task,
)

_PARTS: Final = {
    "weight": "weight",
    "bias": "bias",
    "norm_weight": "norm.weight",
    "norm_bias": "norm.bias",
    "running_mean": "norm.running_mean",
    "running_var": "norm.running_var",
}
"""A layer's parameters and buffers: what the C calls them, and what a network does."""


class TaskTelling:
    """What every call is told.

    Args:
        workload: What is trained, and on what.
        rule: The update of all members.
        state: What it keeps for every weight, by PyTorch's names, [size] each.
        used: What the update uses, where that is not what was computed, [size].
    """

    def __init__(
        self, workload: Workload, rule: UpdateRule, state: Mapping[str, Tensor], used: Tensor | None
    ) -> None:
        self._experiment, self._layout = workload.experiment, workload.layout
        self._members = workload.members
        self._held: list[Any] = [workload, state, used]
        """What the call reads, and nobody else may keep."""
        self.task: Final = Task()
        self._tell_network(workload.weights)
        self._tell_update(rule, state, used)
        self._tell_loss()
        if workload.dev is not None:
            self._tell_dev(workload.dev)

    def _tell_network(self, weights: Tensor) -> None:
        task, layout = self.task, self._layout
        task.members, task.outputs = len(self._members), self._experiment.outputs
        task.parameters, task.kept = len(layout.parameters), len(layout.shapes)
        task.size, task.weights = layout.size, weights.data_ptr()
        parameters = [self._parameter(*ends) for ends in layout.ranges]
        task.parameter = self._keep((Parameter * len(parameters))(*parameters))
        layers = self._layers(dict(zip(layout.shapes, parameters, strict=True)))
        task.layers, task.layer = len(layers), self._keep((LayerOfTask * len(layers))(*layers))
        task.momentum, task.epsilon = MOMENTUM, EPSILON

    def _layers(self, parameters: Mapping[str, Parameter]) -> list[LayerOfTask]:
        model, units, layers = self._experiment.model, list(formulas().units), []
        for index, name in enumerate(model.activations):
            outputs, inputs = self._layout.shapes[f"layer{index + 1}.weight"]
            layer = LayerOfTask(inputs=inputs, outputs=outputs)
            layer.activation = activation_number(name, units)
            layer.normalisation = NORMALISATIONS[model.normalisations[index]]
            for field, part in _PARTS.items():
                if (full := f"layer{index + 1}.{part}") in parameters:
                    setattr(layer, field, parameters[full])
            layers.append(layer)
        return layers

    def _tell_update(
        self, rule: UpdateRule, state: Mapping[str, Tensor], used: Tensor | None
    ) -> None:
        task, members = self.task, self._members
        task.update, task.states = list(formulas().updates).index(rule), len(state)
        for index, tensor in enumerate(state.values()):
            task.state[index] = tensor.data_ptr()
        names = [name for name in rule.settings if name != "lr"]
        settings = [[number_of(each.optimizer, name) for name in names] for each in members]
        task.setting_count, task.settings = len(names), self._numbers(settings)
        for field in ("clip_norm", "clip_value"):
            bounds = [getattr(each.train, field) for each in members]
            setattr(task, field, self._numbers([-1.0 if each is None else each for each in bounds]))
        task.l1 = self._numbers([each.optimizer.l1 for each in members])
        task.used = None if used is None else used.data_ptr()
        task.piles = not self._experiment.train.zero_grad

    def _tell_loss(self) -> None:
        task, loss = self.task, self._experiment.loss
        task.loss, task.mean = losses_with_c().index(loss.name), loss.reduction == "mean"
        if (weights := class_weights(self._members)) is not None:
            task.class_weights = self._numbers(weights.tolist())
        task.classes = loss.targets == "classes"
        task.has_accuracy = self._experiment.has_accuracy
        task.delta = loss.delta if isinstance(loss, Huber) else 0.0
        task.threshold = loss.threshold()

    def _tell_dev(self, dev: Batch) -> None:
        task = self.task
        task.dev_rows, task.stride = dev.inputs.shape[1], self._experiment.evaluation_stride
        task.dev_inputs, task.dev_targets = dev.inputs.data_ptr(), dev.targets.data_ptr()
        task.dev_input_member = dev.inputs.stride(0)
        task.dev_target_member = stride_bytes(dev.targets)

    def _parameter(self, start: int, stop: int) -> Parameter:
        return Parameter(start, (stop - start) // len(self._members))

    def _numbers(self, values: Sequence[Any]) -> int:
        return int(self._keep(np.ascontiguousarray(values, np.float64)).ctypes.data)

    def _keep(self, value: Any) -> Any:
        """Hold on to what the call reads, and return it."""
        self._held.append(value)
        return value


def activation_number(name: str, units: Sequence[str]) -> int:
    """Return the number of an activation in the C."""
    rule = ACTIVATIONS[name].rule
    if isinstance(rule, ActivationRule):
        return IDENTITY if rule.is_identity else UNIT + units.index(name)
    return SOFTMAX if name == "softmax" else LOG_SOFTMAX


def losses_with_c() -> Sequence[str]:
    """Return the losses that the C knows, each at its number there."""
    return (*LOSSES, *formulas().losses)


def rule_of(optimizer: OptimizerBase, members: Members) -> UpdateRule:
    """Return the update of all members: one in which whatever is 0 for all is left out."""
    greatest = {
        name: max(getattr(member.optimizer, name) for member in members)
        for name in type(optimizer).model_fields
        if isinstance(getattr(optimizer, name), int | float)
    }
    return optimizer.model_copy(update=greatest).rule


def number_of(optimizer: OptimizerBase, setting: str) -> float:
    """Return a setting, or the number that it is."""
    return float(getattr(optimizer, setting, setting))


def stride_bytes(targets: Tensor) -> int:
    """Return the bytes from one member's targets to the next one's."""
    return targets.stride(0) * targets.itemsize
