"""A network of one's own: a module class from a Python file.

It is code, so it is only run where the user has said so. It is trained by autograd like any
other network, and its parameters have their gradient norms in the table under the names that
PyTorch gives them.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import torch
from torch import Tensor, nn

from ..errors import CodeError
from ..experiment.experiment import Experiment
from ..randomness import derive_seed
from ..recording.checkpoints import State
from .parameters import ParameterLayout


class OwnNetwork:
    """A user's module, seen as a network of one member.

    Args:
        experiment: Names the file and the class.
        seed: What its initial weights and its random numbers come from.
        allow_code: Whether the user has said that the file may be run.

    Raises:
        CodeError: It may not be run, is not there, or does not work; says what and why.
    """

    def __init__(self, experiment: Experiment, seed: int, *, allow_code: bool) -> None:
        assert experiment.model.module is not None
        self._source, self._seed = experiment.model.module, seed
        if not allow_code:
            raise CodeError(
                f"model.module: {self._source} is code, which a preset may not run by itself; "
                "say --allow-code if you trust it"
            )
        # A row of data is a list of numbers; a convolution wants them as [channels, height, width].
        self._row = experiment.model.input_shape or [experiment.widths[0]]
        self.modal = True
        """Nobody knows what it does, so it is told whether it is trained or measured."""
        self.module = self._make(experiment)
        self.learned = [each for each in self.module.parameters() if each.requires_grad]
        """The parameters, in the order of the recording; frozen ones are not among them."""
        self._try(experiment)

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The name and shape of every parameter that is learned."""
        named = self.module.named_parameters()
        return {name: tuple(each.shape) for name, each in named if each.requires_grad}

    @property
    def buffers(self) -> dict[str, tuple[int, ...]]:
        """The name and shape of what is kept beside the parameters."""
        return {name: tuple(each.shape) for name, each in self._kept().items()}

    def flatten(self, device: torch.device, dtype: torch.dtype) -> Tensor:
        """Move parameters and buffers into one tensor [size], and return it.

        Each of them becomes a view of it, so that what the optimizer changes changes it.
        """
        self.module.to(device, dtype)
        layout = ParameterLayout(self, 1)
        flat = torch.zeros(layout.size, device=device, dtype=dtype)
        tensors = {**dict(self.module.named_parameters()), **self._kept()}
        for (name, shape), part in zip(layout.shapes.items(), layout.slices(flat), strict=True):
            # First the numbers, then the memory: they are drawn as its own code drew them.
            part.copy_(tensors[name].detach().reshape(1, -1))
            # .data: autograd need not know that parameters and buffers share memory.
            tensors[name].data = part.data.view(shape)
        return flat

    def begin(self, step: int) -> None:
        """Set PyTorch's random numbers to those of a step."""
        # The global stream, for that is what somebody else's code draws from.
        torch.manual_seed(derive_seed(self._seed, "dropout", step))

    def counters(self) -> State:
        """Return the buffers that are no figures, such as a count of batches."""
        named = self.module.named_buffers()
        return {name: b.cpu().clone() for name, b in named if name not in self._kept()}

    def restore(self, counters: State) -> None:
        """Go on counting from what ``counters`` returned."""
        for name, buffer in self.module.named_buffers():
            if name in counters:
                buffer.copy_(torch.as_tensor(counters[name]))

    def train(self, mode: bool = True) -> None:
        """Compute as while it is trained, or as while it is measured."""
        self.module.train(mode)

    def __call__(self, inputs: Tensor) -> Tensor:
        """Return the outputs [1, rows, outputs] for inputs [1, rows, features]."""
        # The one member's axis is taken off here and put on again: nobody's code knows of members.
        outputs: Tensor = self.module(inputs[0].reshape(-1, *self._row))
        return outputs[None]

    def _kept(self) -> dict[str, Tensor]:
        """Return frozen parameters, and the buffers that are numbers but for counters."""
        frozen = {name: p for name, p in self.module.named_parameters() if not p.requires_grad}
        named = self.module.named_buffers()
        # A counter, as batch normalisation has one, is a whole number: a flat tensor of floats has
        # none.
        figures = {name: b for name, b in named if b.is_floating_point() and b.numel()}
        return {**frozen, **figures}

    def _make(self, experiment: Experiment) -> nn.Module:
        """Run the file and make the module, its weights drawn from the seed."""
        made_by = self._class()
        # From a seed, and set aside: whoever else draws in this process notices nothing of it.
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(derive_seed(self._seed, "init"))
            try:
                module = made_by(**experiment.model.arguments)
            except Exception as error:
                raise CodeError(f"{self._source}: could not be made: {_one_line(error)}") from error
        if not isinstance(module, nn.Module):
            raise CodeError(f"{self._source}: is no torch.nn.Module")
        if not any(each.requires_grad for each in module.parameters()):
            raise CodeError(f"{self._source}: has no parameters to learn")
        return module

    def _class(self) -> type:
        """Run the file and return the class it is asked for."""
        name, _, wanted = self._source.rpartition(":")
        path = Path(name)
        if not path.is_file():
            raise CodeError(f"{self._source}: there is no file {name}")
        spec = importlib.util.spec_from_file_location(f"epochal_own_{path.stem}", path)
        if spec is None or spec.loader is None:
            raise CodeError(f"{self._source}: is no Python file; its name must end in .py")
        code = importlib.util.module_from_spec(spec)
        # Before it is run, for a dataclass in it looks its own module up there.
        sys.modules[spec.name] = code
        try:
            spec.loader.exec_module(code)
        except Exception as error:
            raise CodeError(f"{self._source}: could not be run: {_one_line(error)}") from error
        module_class = getattr(code, wanted, None)
        if not isinstance(module_class, type):
            raise CodeError(f"{self._source}: has no class {wanted!r}")
        return module_class

    @torch.no_grad()
    def _try(self, experiment: Experiment) -> None:
        """Ask the untrained module about two rows: what it answers must fit the data.

        Raises:
            CodeError: It fails, or its outputs have another shape.
        """
        features, outputs = experiment.widths[0], experiment.outputs
        size = torch.Size(self._row).numel()
        if size != features:
            there = f"a row of the data has {features}"
            raise CodeError(f"model.input_shape: {self._row} is {size} numbers, {there}")
        self.module.eval()
        try:
            # Two rows: of one alone, rows and features could be mixed up and still come to the
            # right shape.
            answer = self(torch.zeros(1, 2, features, dtype=self.learned[0].dtype))
        except Exception as error:
            raise CodeError(f"{self._source}: fails on two rows: {_one_line(error)}") from error
        finally:
            self.module.train()
        if tuple(answer.shape) != (1, 2, outputs):
            asked = f"the data asks for [2, {outputs}]"
            raise CodeError(f"{self._source}: gives {list(answer.shape[1:])} for 2 rows, {asked}")


def _one_line(error: Exception) -> str:
    """Return an error in one line."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0] if lines else ''}".rstrip(": ")
