"""The network of a program, in three ways, and how its weights start."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, Literal, get_args

from ...network.layers import ModuleSpec, module_specs
from ...text.source_code import WIDTH, call, literal

if TYPE_CHECKING:
    from ...components.initialisers import InitialiserBase
    from ...experiment.experiment import Experiment
    from ...experiment.layers import Init

Style = Literal["module", "sequential", "add_module"]

STYLES: Final[tuple[Style, ...]] = get_args(Style)
"""The ways to write a network."""


def network_block(experiment: Experiment, style: Style) -> str:
    """Return the network, written in one of the three ways."""
    row = module_specs(experiment.model, experiment.plan)
    match style:
        case "module":
            return f"{_module_class(experiment, row)}\n\n\nnetwork = Network()"
        case "sequential":
            return "\n".join(["network = nn.Sequential(", *(f"    {s.code}," for s in row), ")"])
        case "add_module":
            added = [f'network.add_module("{stage.name}", {stage.code})' for stage in row]
            return "\n".join(["network = nn.Sequential()", *added])


def _module_class(experiment: Experiment, row: Sequence[ModuleSpec]) -> str:
    lines = [
        "class Network(nn.Module):",
        f'    """From {_widths(experiment)} units."""',
        "",
        "    def __init__(self):",
        "        super().__init__()",
        *(f"        self.{stage.name} = {stage.code}" for stage in row),
        "",
        "    def forward(self, x):",
        '        """Return the outputs [rows, units] for inputs [rows, features]."""',
        *(f"        {line}" for line in _forward(row)),
        "        return x",
    ]
    return "\n".join(lines)


def _widths(experiment: Experiment) -> str:
    if experiment.model.layers:
        return f"{list(experiment.row_shape)} to {experiment.outputs}"
    return " to ".join(map(str, experiment.widths))


def _forward(row: Sequence[ModuleSpec]) -> list[str]:
    """Return a line for each layer with what follows it around it, as far as it fits."""
    lines: list[str] = []
    for stage in row:
        around = f"x = self.{stage.name}({lines[-1].removeprefix('x = ')})" if lines else ""
        if not lines or stage.name.startswith("layer") or len(around) > WIDTH - 8:
            lines.append(f"x = self.{stage.name}(x)")
        else:
            lines[-1] = around
    return lines


def initialisation(experiment: Experiment) -> list[str]:
    """Return the blocks that draw the first weights."""
    named = zip(experiment.plan, experiment.model.inits, strict=True)
    inits = [init for layer, init in named if layer.weight]
    convolves = any(layer.kind == "conv" for layer in experiment.plan)
    kinds = "kinds" if convolves else "nn.Linear"
    layers = f"layers = [each for each in network.modules() if isinstance(each, {kinds})]"
    if convolves:
        layers = f"kinds = nn.Conv2d, nn.Linear\n{layers}"
    if all(init == inits[0] for init in inits):
        head = "for index, layer in enumerate(layers):"
        body = _draws(inits[0], "layer", "2 * index", "2 * index + 1", kinds)
        if not any("index" in line for line in body):
            head = "for layer in layers:"
        lines = [head, *(f"    {line}" for line in body)]
    else:
        lines = []
        for index, init in enumerate(inits):
            lines += _draws(init, f"layers[{index}]", str(2 * index), str(2 * index + 1), kinds)
    block = "\n".join(["# The first weights, in place of those PyTorch has drawn.", layers, *lines])
    double = ["network.double()"] if experiment.train.dtype == "float64" else []
    block = "\n".join([block, *double])
    return [GENERATOR, block] if "generator=" in block else [block]


GENERATOR: Final = '''\
def generator(counter):
    """Return the random numbers that one tensor of weights starts from."""
    state = stream(INIT, counter).generate_state(1, np.uint64)
    return torch.Generator().manual_seed(int(state[0] >> np.uint64(1)))'''
"""What gives each tensor of weights its random numbers."""


def _draws(init: Init, layer: str, weight: str, bias: str, kinds: str) -> list[str]:
    """Return the lines that fill the weights and the biases of a layer.

    Args:
        init: How they start.
        layer: What the layer is called.
        weight: The counter of the stream for the weights.
        bias: The counter of the stream for the biases.
        kinds: The class, or the name of the classes, that the program's layers are of.
    """
    lines = [
        *draw_lines(init.weight, f"{layer}.weight", weight),
        *draw_lines(init.bias, f"{layer}.bias", bias),
    ]
    bounded = any("-bound" in line for line in lines)
    # A unit's inputs: for a convolution, all that its squares see.
    fan_in = "in_features" if kinds == "nn.Linear" else "weight[0].numel()"
    power = " ** " if "[" in f"{layer}{fan_in}" else "**"
    return [f"bound = {layer}.{fan_in}{power}-0.5", *lines] if bounded else lines


def draw_lines(spec: InitialiserBase, tensor: str, counter: str) -> list[str]:
    """Return the lines that fill one tensor."""
    room = WIDTH if "[" in tensor else WIDTH - 4  # in a loop over the layers, or not
    stream = f"generator=generator({counter})"
    given = [f"{key}={literal(value)}" for key, value in spec.arguments.items()]
    if not spec.draws:
        return call(f"nn.init.{spec.function}", [tensor, *(g.partition("=")[2] for g in given)])
    if spec.name == "default":  # type: ignore[attr-defined]
        return call("nn.init.uniform_", [tensor, "-bound", "bound", stream], room)
    return call(f"nn.init.{spec.function}", [tensor, *given, stream], room)
