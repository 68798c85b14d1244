"""The initialisers: each a table of a preset that names a function of ``torch.nn.init``.

A class holds the keys; its field names are the function's arguments, so the two cannot drift
apart. To add an initialiser, add its class here and to ``Initialiser``; one that leaves out a part
fails on import.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field

from .section import NonNegative, Number, Section, check_whole, is_entry


class InitialiserBase(Section):
    """What every initialiser has."""

    function: ClassVar[str]
    """The name of its function in ``torch.nn.init``."""
    draws: ClassVar[bool]
    """Whether it draws random numbers, so that its function takes a generator."""
    needs_matrix: ClassVar[bool]
    """Whether it is scaled by both sides of a matrix, and so cannot serve a bias."""

    @property
    def arguments(self) -> dict[str, Any]:
        """What the function is called with, beside the tensor and the generator."""
        return self.model_dump(exclude={"name"})

    @classmethod
    def __pydantic_init_subclass__(cls, **given: Any) -> None:
        """Hold every initialiser to be whole.

        Raises:
            TypeError: Naming it and what it lacks.
        """
        if is_entry(cls):
            check_whole(cls, InitialiserBase, ("name", "function", "draws", "needs_matrix"))


class Default(InitialiserBase):
    """What ``torch.nn.Linear`` does: uniform within ±1/√fan_in, weights and biases alike."""

    function = "uniform_"
    draws = True
    needs_matrix = False
    name: Literal["default"] = "default"


class Zeros(InitialiserBase):
    """All 0: hidden units start identical, get identical gradients, and stay identical."""

    function = "zeros_"
    draws = False
    needs_matrix = False
    name: Literal["zeros"] = "zeros"


class Constant(InitialiserBase):
    """All the same value."""

    function = "constant_"
    draws = False
    needs_matrix = False
    name: Literal["constant"] = "constant"
    val: Number = 0.0
    """The value."""


class Normal(InitialiserBase):
    """Draws from a normal distribution."""

    function = "normal_"
    draws = True
    needs_matrix = False
    name: Literal["normal"] = "normal"
    mean: Number = 0.0
    """Mean of the distribution."""
    std: NonNegative = 1.0
    """Standard deviation, not the variance."""


class Uniform(InitialiserBase):
    """Draws from a uniform distribution."""

    function = "uniform_"
    draws = True
    needs_matrix = False
    name: Literal["uniform"] = "uniform"
    a: Number = -1.0
    """Lower bound."""
    b: Number = 1.0
    """Upper bound."""

    def _problems(self) -> Iterator[str]:
        if self.a > self.b:
            yield f"b: must be at least a, {self.a:g} (got {self.b:g})"


class XavierUniform(InitialiserBase):
    """Uniform, scaled so that sigmoid and tanh layers keep their variance (Glorot 2010)."""

    function = "xavier_uniform_"
    draws = True
    needs_matrix = True
    name: Literal["xavier_uniform"] = "xavier_uniform"
    gain: NonNegative = 1.0
    """A factor; 5/3 for tanh."""


class XavierNormal(InitialiserBase):
    """Normal, scaled so that sigmoid and tanh layers keep their variance (Glorot 2010)."""

    function = "xavier_normal_"
    draws = True
    needs_matrix = True
    name: Literal["xavier_normal"] = "xavier_normal"
    gain: NonNegative = 1.0
    """A factor; 5/3 for tanh."""


class _KaimingBase(InitialiserBase):
    """What both of He's share."""

    mode: Literal["fan_in", "fan_out"] = "fan_in"
    """Whether the forward or the backward pass keeps its variance."""
    nonlinearity: Literal["relu", "leaky_relu", "tanh", "sigmoid", "linear"] = "relu"
    """The activation after the layer."""


class KaimingUniform(_KaimingBase):
    """Uniform, scaled so that ReLU layers keep their variance (He 2015)."""

    function = "kaiming_uniform_"
    draws = True
    needs_matrix = True
    name: Literal["kaiming_uniform"] = "kaiming_uniform"


class KaimingNormal(_KaimingBase):
    """Normal, scaled so that ReLU layers keep their variance (He 2015)."""

    function = "kaiming_normal_"
    draws = True
    needs_matrix = True
    name: Literal["kaiming_normal"] = "kaiming_normal"


class Orthogonal(InitialiserBase):
    """A random orthogonal matrix: no direction is stretched (Saxe 2013)."""

    function = "orthogonal_"
    draws = True
    needs_matrix = True
    name: Literal["orthogonal"] = "orthogonal"
    gain: NonNegative = 1.0
    """A factor on the whole matrix."""


def initialiser_table(value: Any) -> Any:
    """Let a number stand for a constant and a word for an initialiser without settings."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return {"name": "constant", "val": value}
    return {"name": value} if isinstance(value, str) else value


_Tables = Annotated[
    Default
    | Zeros
    | Constant
    | Normal
    | Uniform
    | XavierUniform
    | XavierNormal
    | KaimingUniform
    | KaimingNormal
    | Orthogonal,
    Field(discriminator="name"),
]

Initialiser = Annotated[
    _Tables, BeforeValidator(initialiser_table, json_schema_input_type=_Tables | str | float)
]
"""An initialiser: its table, its name alone, or a number for a constant."""
