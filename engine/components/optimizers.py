"""The optimizers: each a table of a preset, with everything that is known of it.

A class holds the keys; its field names are the arguments of PyTorch's class and its defaults
are PyTorch's, so the two cannot drift apart (a test compares them). The one exception is SGD's
learning rate: PyTorch's 0.001 hardly moves a small network. To add an optimizer, add its class
here and to ``Optimizer``; if its update is no rule, its formula is a file of
``engine.gradients.manual.optimizers``. A class that leaves out a part fails on import.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Final, Literal, get_args

from pydantic import BeforeValidator, Field

from .section import Fraction, NonNegative, Positive, Section, check_whole, is_entry, named
from .update_rules import UpdateRule


class OptimizerBase(Section):
    """What every optimizer has."""

    torch_name: ClassVar[str | None]
    """The class of ``torch.optim`` that does the same; None where there is none."""
    update: ClassVar[UpdateRule | str | None]
    """Its formula: a rule, or the class of ``engine.gradients.manual.optimizers`` that computes
    it, as ``"adam:AdamUpdate"``; None where PyTorch alone can."""
    adaptive: ClassVar[bool]
    """Whether a gradient's size makes no difference to the step, but how it changes does."""
    shrinks: ClassVar[bool]
    """Whether its weight decay multiplies each weight by 1 - lr * weight_decay every step."""
    usual_lr: ClassVar[float]
    """A learning rate to begin with."""
    written_out: ClassVar[bool] = False
    """Whether it is the textbook's update, which needs no class of an optimizer."""

    lr: NonNegative
    """Learning rate."""
    weight_decay: NonNegative = 0.0
    """The share of each weight that is added to its gradient (for AdamW, taken off it): L2
    regularisation."""
    l1: NonNegative = 0.0
    """What is added to each weight's gradient by the weight's sign alone, once it is clipped: L1
    regularisation, which brings weights to 0 that do no work. Losses and gradients are shown
    without it."""

    @property
    def arguments(self) -> dict[str, Any]:
        """What PyTorch's class is made with, beside the parameters."""
        return self.model_dump(exclude={"name", "l1"})

    @property
    def rule(self) -> UpdateRule:
        """Its update as a lesson writes it, with nothing in it that its settings leave out."""
        assert isinstance(self.update, UpdateRule)
        return self.update if self.weight_decay else self.update.without("weight_decay")

    @property
    def states(self) -> int:
        """How many numbers it keeps for every weight."""
        assert isinstance(self.update, UpdateRule)
        return len(self.update.state)

    @property
    def _decay(self) -> str:
        """The line of a rule that adds the weights' share to the gradient; empty where it is 0."""
        return "g = g + weight_decay * w\n" if self.weight_decay else ""

    @property
    def changes_gradients(self) -> bool:
        """Whether PyTorch's class writes into the gradients that it is given."""
        return False

    @classmethod
    def __pydantic_init_subclass__(cls, **given: Any) -> None:
        """Hold every optimizer to be whole.

        Raises:
            TypeError: It lacks something, nobody can make it, or its rule speaks of unknown things.
        """
        if not is_entry(cls):
            return
        parts = ("name", "torch_name", "update", "adaptive", "shrinks", "usual_lr")
        check_whole(cls, OptimizerBase, parts)
        if not isinstance(cls.update, UpdateRule):
            check_whole(cls, OptimizerBase, ("states",))
            if not cls.torch_name:
                raise TypeError(f"{cls.__name__}: needs a torch_name, or a rule as its update")
        elif unknown := {*cls.update.settings, *cls.update.starts.values()} - {*cls.model_fields}:
            raise TypeError(f"{cls.__name__}: no settings: {', '.join(sorted(unknown))}")


class SGD(OptimizerBase):
    """Gradient descent: a step of lr against the gradient, with momentum if it is set."""

    torch_name = "SGD"
    update = "gradient_descent:SGDUpdate"
    adaptive = False
    shrinks = True
    usual_lr = 0.1
    name: Literal["sgd"] = "sgd"
    lr: NonNegative = 0.1
    """Learning rate."""
    momentum: NonNegative = 0.0
    """How much of the last update is kept in this one."""
    dampening: NonNegative = 0.0
    """How much of the gradient is left out of the momentum."""
    nesterov: bool = False
    """Look ahead by the momentum first (Nesterov)."""

    @property
    def changes_gradients(self) -> bool:
        """On CUDA it adds Nesterov's momentum into them."""
        return self.nesterov

    def _problems(self) -> Iterator[str]:
        if self.nesterov and (self.momentum == 0 or self.dampening != 0):
            yield "nesterov: needs a momentum above 0 and dampening 0"

    @property
    def states(self) -> int:
        """How many numbers it keeps for every weight."""
        return int(self.momentum > 0)

    @property
    def rule(self) -> UpdateRule:
        """Its update as a lesson writes it: without momentum it is one line."""
        if not self.momentum:
            return UpdateRule(text=f"{self._decay}w = w - lr * g")
        # The first step keeps the whole gradient.
        taken = "(1 - dampening * (t > 1)) * g" if self.dampening else "g"
        change = "(g + momentum * b)" if self.nesterov else "b"
        text = f"{self._decay}b = momentum * b + {taken}\nw = w - lr * {change}"
        return UpdateRule(text=text, state={"b": "momentum_buffer"})


class Adagrad(OptimizerBase):
    """Divides by the root of all squared gradients so far (Duchi 2011)."""

    torch_name = "Adagrad"
    update = UpdateRule(
        text="""
            g = g + weight_decay * w
            s = s + g * g
            w = w - lr / (1 + (t - 1) * lr_decay) * g / (sqrt(s) + eps)
        """,
        state={"s": "sum"},
        starts={"s": "initial_accumulator_value"},
    )
    adaptive = True
    shrinks = False
    usual_lr = 0.01
    name: Literal["adagrad"] = "adagrad"
    lr: NonNegative = 0.01
    """Learning rate."""
    lr_decay: NonNegative = 0.0
    """How fast the learning rate falls with the steps."""
    eps: Positive = 1e-10
    """Keeps the division from 0."""
    initial_accumulator_value: NonNegative = 0.0
    """Where the sum of squares starts."""


class Adadelta(OptimizerBase):
    """Scales by running means of squared gradients and updates (Zeiler 2012)."""

    torch_name = "Adadelta"
    update = UpdateRule(
        text="""
            g = g + weight_decay * w
            v = rho * v + (1 - rho) * g * g
            d = sqrt(u + eps) / sqrt(v + eps) * g
            u = rho * u + (1 - rho) * d * d
            w = w - lr * d
        """,
        state={"v": "square_avg", "u": "acc_delta"},
    )
    adaptive = True
    shrinks = False
    usual_lr = 1.0
    name: Literal["adadelta"] = "adadelta"
    lr: NonNegative = 1.0
    """Learning rate."""
    rho: Fraction = 0.9
    """How much of the running means is kept each step."""
    eps: Positive = 1e-6
    """Keeps the division from 0."""


class _AdamLike(OptimizerBase):
    """What the family of Adam shares."""

    adaptive = True
    usual_lr = 0.01
    lr: NonNegative = 0.001
    """Learning rate."""
    beta1: Fraction = 0.9
    """How much of the gradient's running mean is kept each step."""
    beta2: Fraction = 0.999
    """How much of the squared gradient's running mean is kept each step."""
    eps: Positive = 1e-8
    """Keeps the division from 0."""

    @property
    def arguments(self) -> dict[str, Any]:
        """PyTorch takes the two betas as a pair."""
        settings = super().arguments
        betas = settings.pop("beta1"), settings.pop("beta2")
        return {**settings, "betas": betas}

    def _moments(self, first: str, amsgrad: bool) -> UpdateRule:
        """Return Adam's rule, after what comes before it."""
        greatest = "s = maximum(s, v)\n" if amsgrad else ""
        text = f"""{first}m = beta1 * m + (1 - beta1) * g
v = beta2 * v + (1 - beta2) * g * g
{greatest}d = sqrt({"s" if amsgrad else "v"}) / (1 - beta2**t)**0.5 + eps
w = w - lr / (1 - beta1**t) * m / d"""
        kept = {"s": "max_exp_avg_sq"} if amsgrad else {}
        return UpdateRule(text=text, state={"m": "exp_avg", "v": "exp_avg_sq", **kept})


class _WithAmsgrad(_AdamLike):
    """What Adam itself and AdamW share."""

    amsgrad: bool = False
    """Never let the squared mean fall (Reddi 2018)."""

    @property
    def states(self) -> int:
        """How many numbers it keeps for every weight."""
        return 2 + self.amsgrad


class Adam(_WithAmsgrad):
    """Running means of the gradient and of its square (Kingma and Ba 2015)."""

    torch_name = "Adam"
    update = "adam:AdamUpdate"
    shrinks = False
    name: Literal["adam"] = "adam"

    @property
    def rule(self) -> UpdateRule:
        """Its update as a lesson writes it."""
        return self._moments(self._decay, self.amsgrad)


class AdamW(_WithAmsgrad):
    """Adam with the weight decay taken off the weights, not added to the gradient."""

    torch_name = "AdamW"
    update = "adam:AdamWUpdate"
    shrinks = True
    name: Literal["adamw"] = "adamw"
    weight_decay: NonNegative = 0.01
    """The share of each weight, times lr, that is taken off every step."""

    @property
    def rule(self) -> UpdateRule:
        """Its update as a lesson writes it: the decay is taken off the weights themselves."""
        decay = "w = w * (1 - lr * weight_decay)\n" if self.weight_decay else ""
        return self._moments(decay, self.amsgrad)


class Adamax(_AdamLike):
    """Adam with the greatest gradient in place of the squared mean."""

    torch_name = "Adamax"
    update = UpdateRule(
        text="""
            g = g + weight_decay * w
            m = lerp(m, g, 1 - beta1)
            u = maximum(beta2 * u, abs(g) + eps)
            w = w - lr / (1 - beta1**t) * m / u
        """,
        state={"m": "exp_avg", "u": "exp_inf"},
    )
    shrinks = False
    name: Literal["adamax"] = "adamax"
    lr: NonNegative = 0.002
    """Learning rate."""


class NAdam(_AdamLike):
    """Adam with Nesterov's look ahead (Dozat 2016)."""

    torch_name = "NAdam"
    update = "adam:NAdamUpdate"
    shrinks = False
    name: Literal["nadam"] = "nadam"
    lr: NonNegative = 0.002
    """Learning rate."""
    momentum_decay: NonNegative = 0.004
    """How the momentum grows with the steps."""

    @property
    def states(self) -> int:
        """How many numbers it keeps for every weight."""
        return 2

    @property
    def rule(self) -> UpdateRule:
        """Its update as a lesson writes it; p is the product of all momenta so far."""
        text = f"""{self._decay}m = beta1 * m + (1 - beta1) * g
v = beta2 * v + (1 - beta2) * g * g
now = beta1 * (1 - 0.5 * 0.96**(t * momentum_decay))
ahead = beta1 * (1 - 0.5 * 0.96**((t + 1) * momentum_decay))
p = p * now
d = sqrt(v) / (1 - beta2**t)**0.5 + eps
w = w - lr * (1 - now) / (1 - p) * g / d
w = w - lr * ahead / (1 - p * ahead) * m / d"""
        kept = {"m": "exp_avg", "v": "exp_avg_sq", "p": "mu_product"}
        return UpdateRule(text=text, state=kept, starts={"p": "1"})


class RMSprop(OptimizerBase):
    """Divides by the root of a running mean of squared gradients (Hinton 2012)."""

    torch_name = "RMSprop"
    update = "rmsprop:RMSpropUpdate"
    adaptive = True
    shrinks = False
    usual_lr = 0.01
    name: Literal["rmsprop"] = "rmsprop"
    lr: NonNegative = 0.01
    """Learning rate."""
    alpha: Fraction = 0.99
    """How much of the running mean is kept each step."""
    eps: Positive = 1e-8
    """Keeps the division from 0."""
    momentum: NonNegative = 0.0
    """How much of the last update is kept in this one."""
    centered: bool = False
    """Divide by the standard deviation instead."""

    @property
    def states(self) -> int:
        """How many numbers it keeps for every weight."""
        return 1 + (self.momentum > 0) + self.centered

    @property
    def rule(self) -> UpdateRule:
        """Its update as a lesson writes it."""
        text, kept = f"{self._decay}v = alpha * v + (1 - alpha) * g * g\n", {"v": "square_avg"}
        spread = "v"
        if self.centered:
            text, spread = f"{text}m = alpha * m + (1 - alpha) * g\n", "v - m * m"
            kept["m"] = "grad_avg"
        change = f"g / (sqrt({spread}) + eps)"
        if self.momentum:
            text, change = f"{text}b = momentum * b + {change}\n", "b"
            kept["b"] = "momentum_buffer"
        return UpdateRule(text=f"{text}w = w - lr * {change}", state=kept)


class ByHand(OptimizerBase):
    """Gradient descent written out: subtract lr times the gradient, then clear the gradient."""

    torch_name = "SGD"
    update = UpdateRule(text="w = w - lr * g")
    adaptive = False
    shrinks = True
    usual_lr = 0.1
    written_out = True
    name: Literal["by_hand"] = "by_hand"
    lr: NonNegative = 0.01
    """Learning rate."""
    weight_decay: Literal[0] = 0
    """The update written out has no weight decay."""
    l1: Literal[0] = 0
    """Nor has it L1 regularisation."""


class Lion(OptimizerBase):
    """Steps of lr by the sign of a running mean of the gradient (Chen 2023)."""

    torch_name = None
    update = UpdateRule(
        text="""
            w = w * (1 - lr * weight_decay)
            c = beta1 * m + (1 - beta1) * g
            w = w - lr * sign(c)
            m = beta2 * m + (1 - beta2) * g
        """,
        state={"m": "exp_avg"},
    )
    adaptive = True
    shrinks = True
    usual_lr = 0.001
    name: Literal["lion"] = "lion"
    lr: NonNegative = 0.0001
    """Learning rate: every weight moves by it in every step, so it is smaller than Adam's."""
    weight_decay: NonNegative = 0.0
    """The share of each weight, times lr, that is taken off every step."""
    beta1: Fraction = 0.9
    """How much of the running mean counts for the direction, beside the gradient."""
    beta2: Fraction = 0.99
    """How much of the running mean is kept each step."""


Optimizer = Annotated[
    SGD | Adagrad | Adadelta | Adam | AdamW | Adamax | NAdam | RMSprop | Lion | ByHand,
    Field(discriminator="name"),
    BeforeValidator(named("sgd")),
]
"""An optimizer's table, told apart by ``name``."""

OPTIMIZERS: Final[Mapping[str, type[OptimizerBase]]] = {
    entry.model_fields["name"].default: entry for entry in get_args(get_args(Optimizer)[0])
}
"""Every optimizer by its name in a preset."""
