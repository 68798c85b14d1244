"""The parameters that are watched: names, and how they are folded where there are too many."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Final

from torch import Tensor, nn
from torch.nn.parallel import DataParallel, DistributedDataParallel
from torch.optim import Optimizer

from ..gradients.leaned_on import FLAT, WRAPPED, compiled_from
from ..recording.events import NAME_LENGTH
from ..text.numbers import counted
from .by_hand import HandWritten
from .called import names_here
from .owners import parameters_of

MOST_NAMES: Final = 250
"""Parameters that have columns of their own, three each; of more those of a module are one."""

_LONGEST: Final = NAME_LENGTH - len("update_ratio/")
"""Characters of a parameter's name, which stands in those of its columns."""

UNSEEN: Final = "trained now but frozen or unknown when watching began: in no column and no total"


@dataclass(frozen=True, eq=False)
class WatchedParameters:
    """The parameters of a loop, in an order that does not change."""

    tensors: list[Tensor]
    """The parameters themselves, each once; a list that stays the same one, in which others may
    take their place."""
    names: Sequence[str]
    """What each is called in its module."""
    folds: Sequence[str]
    """Which names have columns: the parameters', or their modules' where there are many."""
    fold_of: Sequence[int]
    """Which of these each parameter is of."""
    frozen: Sequence[Tensor] = field(default=())
    """Parameters that the optimizers have and that nothing trains: they have no columns."""
    held: int = 0
    """How many parameters the optimizers had, each as often as one had it."""
    module: weakref.ref[nn.Module] | None = None
    """What names them; it may hold what trains it, and be let go of with that."""
    paths: Sequence[str] = field(default=())
    """By parameter, its whole name in it; "" where it is not in it."""

    @property
    def model(self) -> nn.Module | None:
        """What names them, if somebody has it still."""
        return None if self.module is None else self.module()

    @property
    def layers(self) -> Iterator[tuple[Tensor, str]]:
        """Each parameter with the layer that it is of; one that is in no module is one itself."""
        for each, path, name in zip(self.tensors, self.paths, self.names, strict=True):
            # Of what makes a weight of others, the layer is the one that has the weight.
            layer, is_made, _ = f".{name}".partition(".parametrizations.")
            layer = layer if is_made or not path else layer.rpartition(".")[0]
            yield each, layer.removeprefix(".")

    def replaced_by(self, optimizer: Optimizer) -> dict[int, Tensor]:
        """Return what an optimizer moves that has taken the place of parameters, in the module and
        under their names, by where these stand: they were loaded or made anew.
        """
        known = {id(each) for each in self.tensors}
        others = [each for each in parameters_of(optimizer) if id(each) not in known]
        model = self.model
        if not others or model is None:
            return {}
        places = {path: place for place, path in enumerate(self.paths) if path}
        named = dict(_named(model))
        paths = [(named.get(id(each), ""), each) for each in others]
        return {places[path]: each for path, each in paths if path in places}

    def renew(self, optimizer: Optimizer) -> bool:
        """Have what an optimizer moves take that place; return whether it did."""
        replaced = self.replaced_by(optimizer)
        for place, each in replaced.items():
            self.tensors[place] = each
        return bool(replaced)

    @property
    def size(self) -> int:
        """How many numbers there are."""
        return sum(each.numel() for each in self.tensors)


class Newcomers:
    """Parameters that are trained by now and were not when watching began.

    Args:
        watched: Those that were.
        optimizers: What moves parameters.
        welcome: Has an optimizer be watched with what it moves now, where that is watched at all.
    """

    def __init__(
        self,
        watched: WatchedParameters,
        optimizers: Sequence[Optimizer],
        welcome: Callable[[Optimizer], Sequence[int]],
    ) -> None:
        self._watched, self._optimizers, self._count = watched, optimizers, 0
        self._welcome = welcome
        self._firsts = self._first()

    def told(self) -> str:
        """Return how many have come, in a sentence; nothing where no more have than was told."""
        if (firsts := self._first()) != self._firsts:
            # A library has given an optimizer other parameters, all of them.
            self._firsts = firsts
            for each in self._optimizers:
                self._welcome(each)
        before, self._count = self._count, self._counted()
        return f"{counted(self._count, 'parameter')} {UNSEEN}" if self._count > before else ""

    def moved_by(self, optimizer: Optimizer) -> str:
        """Return in a sentence that an optimizer trains parameters of the module alone that are not
        watched; nothing where it trains none of it.
        """
        model = self._watched.model
        own = {id(each) for each in parameters_of(optimizer) if each.requires_grad}
        count = len(own & {id(each) for each in (() if model is None else model.parameters())})
        return f"{counted(count, 'parameter')} {UNSEEN}" if count else ""

    def _first(self) -> list[list[int]]:
        groups = [each.param_groups for each in self._optimizers]
        return [[id(one) for group in each for one in group["params"][:1]] for each in groups]

    def _counted(self) -> int:
        groups = [group for each in self._optimizers for group in each.param_groups]
        # Asked often: of a network of thousands only what is frozen is gone through.
        thawed = any(each.requires_grad for each in self._watched.frozen)
        if not thawed and sum(len(group["params"]) for group in groups) == self._watched.held:
            return 0
        known = {id(each) for each in self._watched.tensors}
        return sum(
            each.requires_grad and id(each) not in known
            for group in groups
            for each in group["params"]
        )


def watched(model: nn.Module | None, optimizers: Sequence[Optimizer]) -> WatchedParameters:
    """Return the parameters that optimizers move, by their names in a module.

    Args:
        model: What names them; those that are not in it are called as their optimizer calls them,
            or as the lines that begin to watch do, or by optimizer and place.
        optimizers: What moves them.
    """
    named = {} if model is None else dict(_named(model))
    tensors: dict[int, tuple[Tensor, str]] = {}
    loose = {id(each) for one in optimizers for each in parameters_of(one)} - named.keys()
    # As the weight of an entropy, which stands beside the networks.
    by_lines = names_here(loose) if loose else {}
    held = 0
    for which, optimizer in enumerate(optimizers):
        place = 0
        for group in optimizer.param_groups:
            # An optimizer may have been given names.
            called = dict(enumerate(group.get("param_names", ())))
            for number, each in enumerate(group["params"]):
                usual = f"optimizer{which + 1 if len(optimizers) > 1 else ''}.{place}"
                by_line = by_lines.get(id(each), usual)
                name = named.get(id(each), called.get(number, by_line))
                tensors.setdefault(id(each), (each, name))
                place += 1
        held += place
    every = [*tensors.values()]
    if all(isinstance(each, HandWritten) for each in optimizers):
        # As the module has them, and not as a backward pass comes to them.
        places = {each: place for place, each in enumerate(named)}
        every.sort(key=lambda pair: places.get(id(pair[0]), len(places)))
    # Where nothing is trained yet, what may be is watched.
    trained = [pair for pair in every if pair[0].requires_grad] or every
    names = _distinct(name[-_LONGEST:] for _, name in trained)
    folds, fold_of = _folded(names)
    frozen = [each for each, _ in every if len(trained) < len(every) and not each.requires_grad]
    tensors_of = [each for each, _ in trained]
    paths = [named.get(id(each), "") for each in tensors_of]
    module = None if model is None else weakref.ref(model)
    return WatchedParameters(tensors_of, names, folds, fold_of, frozen, held, module, paths)


def unwrapped(model: nn.Module) -> nn.Module:
    """Return the module that others only wrap: to compile it, or to train it in many processes."""
    while True:
        if isinstance(model, DataParallel | DistributedDataParallel):
            model = model.module
        elif inner := compiled_from(model):
            model = inner
        else:
            return model


def _named(model: nn.Module) -> Iterator[tuple[int, str]]:
    """Yield the parameters of a module by identity, with their names in what is not wrapped."""
    wrapping = {
        f"{path}.module" if path else "module"
        for path, each in model.named_modules()
        if isinstance(each, DataParallel | DistributedDataParallel)
    }
    for name, each in model.named_parameters():
        parts = name.split(".")
        paths = (".".join(parts[: place + 1]) for place in range(len(parts)))
        kept = [
            part
            for part, path in zip(parts, paths, strict=True)
            if part not in (*WRAPPED, FLAT) and path not in wrapping
        ]
        # All parameters of a module in one have its name, those of the outermost none.
        yield id(each), ".".join(kept) or "all"


def _folded(names: Sequence[str]) -> tuple[list[str], list[int]]:
    """Return what has columns, and which of it each parameter is of.

    The deepest modules of which there are few enough stand for what is in them.
    """
    depth = max((name.count(".") for name in names), default=0)
    folds = list(names)
    while len(set(folds)) > MOST_NAMES and depth >= 0:
        folds = [".".join(name.split(".")[: depth + 1]) for name in names]
        depth -= 1
    if len(set(folds)) > MOST_NAMES:
        folds = ["all"] * len(names)
    kept = _unique(folds)
    return kept, [kept.index(each) for each in folds]


def _distinct(names: Iterable[str]) -> list[str]:
    """Return names of which no two are the same: their ends may be all that is left of them."""
    taken: dict[str, None] = {}
    for name in names:
        places = (f" {place}" for place in count(2))
        while name in taken:
            name = name[: _LONGEST - 6] + next(places)
        taken[name] = None
    return [*taken]


def _unique(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))
