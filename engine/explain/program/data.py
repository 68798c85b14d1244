"""The data of a program: drawn or read, parted, scaled, made tensors, cut into batches."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from textwrap import indent
from typing import TYPE_CHECKING, Final

from ...components.formulas import names_in, parsed
from ...data.function import as_numpy
from ...experiment.units import fresh_unit
from ...text.source_code import WIDTH, call, define, listed
from .columns import encoding_blocks, encoding_lines, numeric_features

if TYPE_CHECKING:
    from ...experiment.experiment import Experiment


def data_blocks(experiment: Experiment) -> list[str]:
    """Return the blocks that make the rows of each set.

    Raises:
        EpochalError: Such data cannot be written in a few lines.
    """
    source = experiment.data.program()
    if experiment.data.fresh:
        return [source, _fresh_batches(experiment)]
    lines = [
        *drawing_lines(experiment),
        *parting_lines(experiment),
        *scaling_lines(experiment),
        *_tensors(experiment),
    ]
    blocks = [source, *scaler_blocks(experiment), "\n".join(lines)]
    return [*blocks, _minibatches(experiment)] if has_batches(experiment) else blocks


def has_batches(experiment: Experiment) -> bool:
    """Whether not every step sees the whole training set."""
    return not experiment.sees_all


def tensor(experiment: Experiment, of: str) -> str:
    """Return the numbers of an array as the network takes them."""
    return f"torch.tensor({of}, dtype=torch.{experiment.train.dtype})"


def drawing_lines(experiment: Experiment) -> list[str]:
    """Return what draws the rows, and computes what the network sees of them."""
    third = f", {way}" if (way := _parting_column(experiment)) else ""
    computed = [] if encoding_blocks(experiment.data.raw_columns) else computed_lines(experiment)
    return [f"inputs, targets{third} = draw_data()", *computed]


def computed_lines(experiment: Experiment) -> list[str]:
    """Return what computes the features of what the columns give."""
    return ["inputs = features_of(inputs)"] if experiment.data.features else []


def _parting_column(experiment: Experiment) -> str:
    """Return how a column of the data parts the rows, as ``split_by`` has it; else nothing."""
    way = getattr(experiment.data, "split_by", None)
    return next(iter(way), "") if isinstance(way, dict) else ""


def parting_lines(experiment: Experiment) -> list[str]:
    """Return what parts the rows; there is nothing to return where all are for training."""
    if not experiment.data.is_parted:
        return []
    sets, start = sets_of(experiment), 0
    if own := getattr(experiment.data, "own_tests", 0):
        return _beside_own_tests(experiment, own)
    way = _parting_column(experiment)
    listed = " and ".join(filter(None, [", ".join(sets[:-1]), *sets[-1:]]))
    shuffled = f"order = np.random.default_rng(stream(SPLIT)).permutation({experiment.data.rows})"
    lines, cuts = _PARTED[way](experiment, listed, shuffled), []
    alike = _parts_classes(experiment)
    for name, size in zip(("train", "dev", "test"), experiment.data.sizes, strict=True):
        rows = f"{start or ''}:{start + size}"
        match way:
            case "groups" | "column":
                cut = f'order[sets[order] == "{name}"]'
            case _:
                cut = f"order[np.sort(spread[{rows}])]" if alike else f"order[{rows}]"
        cuts += [f"{name} = {cut}"] * bool(size)
        start += size
    kept = [] if experiment.train.shuffle else ["train.sort()  # in the order of the data again"]
    return ["", *lines, *(_SPREAD if alike else []), *cuts, *kept]


def _beside_own_tests(experiment: Experiment, own: int) -> list[str]:
    """Return what parts rows of which the last are a test set of their own."""
    rows, (train, dev, _) = experiment.data.rows, experiment.data.sizes
    return [
        "",
        *_comment("The last rows are a test set of their own; the others are shuffled."),
        f"order = np.random.default_rng(stream(SPLIT)).permutation({rows})",
        f"order = order[order < {rows - own}]",
        f"train = order[:{train}]",
        *([f"dev = order[{train}:{train + dev}]"] if dev else []),
        f"test = np.arange({rows - own}, {rows})",
        *([] if experiment.train.shuffle else ["train.sort()  # in the order of the data again"]),
    ]


def _comment(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent="# ", subsequent_indent="# ")


def _by_rows(experiment: Experiment, sets: str, shuffled: str) -> list[str]:
    alike = _ALIKE * _parts_classes(experiment)
    return [*_comment(f"The rows are shuffled, then parted into {sets}{alike}."), shuffled]


def _by_groups(experiment: Experiment, sets: str, shuffled: str) -> list[str]:
    sizes = list(experiment.data.sizes_asked)
    return [
        *_comment(
            f"The rows of a group stay together in {sets}. Groups stand in an order that no seed "
            "changes, and each goes where its middle lies."
        ),
        "named, where, counts = np.unique(",
        "    groups, return_inverse=True, return_counts=True",
        ")",
        "digests = [hashlib.sha256(name.encode()).hexdigest() for name in named]",
        "laid_out = np.argsort(digests)",
        "middles = np.cumsum(counts[laid_out]) - counts[laid_out] / 2",
        f'reached = np.searchsorted(np.cumsum({sizes}), middles, side="right")',
        "set_of = np.empty(len(named), object)",
        'set_of[laid_out] = np.array(["train", "dev", "test", ""])[reached]',
        "sets = set_of[where]",
        shuffled,
    ]


def _by_time(experiment: Experiment, sets: str, shuffled: str) -> list[str]:
    return [
        f"# The oldest rows first: they are parted into {sets}.",
        'order = np.argsort(time, kind="stable")',
    ]


def _by_column(experiment: Experiment, sets: str, shuffled: str) -> list[str]:
    return [
        *_comment(f"The rows are shuffled; whether one is for {sets}, its column says."),
        "sets = column",
        shuffled,
    ]


_PARTED: Final = {"": _by_rows, "groups": _by_groups, "time": _by_time, "column": _by_column}
"""What comes before the sets are cut, by what parts the rows."""


def _parts_classes(experiment: Experiment) -> bool:
    """Whether every class is parted alike."""
    return getattr(experiment.data, "split_by", "") == "classes"


_ALIKE: Final = ", every class alike"
_SPREAD: Final = (
    "place = np.empty(len(order))  # each class is spread evenly from 0 to 1",
    "for label in np.unique(targets):",
    "    where = targets[order] == label",
    "    place[where] = (np.arange(where.sum()) + 0.5) / where.sum()",
    'spread = np.argsort(place, kind="stable")',
)
"""What parts every class alike in a program."""


_SCALES: Final[Mapping[str, tuple[str, str]]] = {
    "unit": (
        "from_0_to_1",
        '''\
def from_0_to_1(values, seen):
    """Return pixels as numbers from 0 to 1, whatever was ``seen``."""
    return values / 255''',
    ),
    "standard": (
        "standardised",
        '''\
def standardised(values, seen):
    """Return columns moved so that ``seen`` has mean 0 and deviation 1."""
    shift, scale = seen.mean(axis=0), seen.std(axis=0)
    scale[np.ptp(seen, axis=0) == 0] = 1.0  # a constant column
    return (values - shift) / scale''',
    ),
    "range": (
        "ranged",
        '''\
def ranged(values, seen):
    """Return columns moved so that ``seen`` lies between 0 and 1."""
    shift, scale = seen.min(axis=0), np.ptp(seen, axis=0)
    scale[scale == 0] = 1.0  # a constant column
    return (values - shift) / scale''',
    ),
}
"""The function that scales in each way: its name and its text."""


def scaler_blocks(experiment: Experiment) -> list[str]:
    """Return the functions that compute features and scale."""
    ways = dict.fromkeys((experiment.data.scale_inputs, experiment.data.scale_targets))
    return [
        *encoding_blocks(experiment.data.raw_columns),
        *_feature_blocks(experiment),
        *(_SCALES[way][1] for way in ways if way in _SCALES),
    ]


def _feature_blocks(experiment: Experiment) -> list[str]:
    if (features := experiment.data.computed_features) is None:
        return []
    spoken = {name for text in features.texts for name in names_in(parsed(text.strip()))}
    # A column may be called as something that the program has already.
    names = {
        name: f"x{place + 1}" if name in ("np", "inputs") else name
        for name, place in features.places.items()
    }
    columns = [
        f"{names[name]} = inputs[:, {place}]"
        for name, place in features.places.items()
        if name in spoken
    ]
    computed = [as_numpy(text, names, "inputs[:, 0]") for text in features.texts]
    lines = [*columns, *call("return np.column_stack", [listed(computed)])]
    return [define("features_of", "Return what the network sees of a row.", lines, "inputs")]


def scaling_lines(experiment: Experiment) -> list[str]:
    """Return what makes features of the columns, and scales the rows."""
    data, lines = experiment.data, list[str]()
    seen = "[train]" if data.is_parted else ""
    made = encoding_lines(data.raw_columns, seen)
    made += computed_lines(experiment) if made else []
    if data.scale_inputs in _SCALES:
        way = _SCALES[data.scale_inputs][0]
        lines += _scaled_inputs(experiment, way, seen)
    if data.scale_targets in _SCALES:
        way = _SCALES[data.scale_targets][0]
        lines.append(f"targets = {way}(targets, targets{seen})")
    return [*made, *(["", "# Scaled by the training rows alone.", *lines] if lines else [])]


def _scaled_inputs(experiment: Experiment, way: str, seen: str) -> list[str]:
    """Return what scales the inputs, of which those that are 0 or 1 stay so."""
    data = experiment.data
    whole = [f"inputs = {way}(inputs, inputs{seen})"]
    if data.features or (numeric := numeric_features(data.raw_columns)) is None:
        return whole
    if not numeric:
        return []
    return [
        *f"numeric = {listed(map(str, numeric))}".split("\n"),
        "values = inputs[:, numeric]  # the others are 0 or 1",
        f"inputs[:, numeric] = {way}(values, values{seen})",
    ]


def _tensors(experiment: Experiment) -> list[str]:
    """Return what makes tensors of the rows of each set."""
    if experiment.loss.targets == "classes" and not experiment.has_shares:
        targets = "torch.tensor(targets)"
    elif experiment.data.class_count:
        targets = f"{tensor(experiment, 'targets')}.reshape(-1, 1)"
    else:
        targets = tensor(experiment, "targets")
    if not experiment.data.is_parted:
        return ["", f"x_train = {tensor(experiment, 'inputs')}", f"y_train = {targets}"]
    lines = ["", f"inputs = {tensor(experiment, 'inputs')}", f"targets = {targets}"]
    sets = sets_of(experiment)
    return [*lines, *(f"x_{name}, y_{name} = inputs[{name}], targets[{name}]" for name in sets)]


def sets_of(experiment: Experiment) -> list[str]:
    """Return the names of the sets there are."""
    if experiment.data.fresh:
        return []
    sizes = zip(("train", "dev", "test"), experiment.data.sizes, strict=True)
    return [name for name, size in sizes if size]


def order_words(experiment: Experiment) -> str:
    """Return in which order an epoch has its batches."""
    shuffled = "every epoch has them in an order of its own"
    return shuffled if experiment.train.shuffle else "every epoch has them in the data's order"


def order_lines(experiment: Experiment, count: str) -> str:
    """Return the lines that make the order of an epoch's rows, given how many rows there are."""
    lines = [
        "rng = np.random.default_rng(stream(ORDER, epoch))",
        f"order = rng.permutation({count})",
    ]
    if not experiment.train.shuffle:
        lines = [f"order = np.arange({count})"]
    used = (experiment.steps_per_epoch or 0) * experiment.batch_rows
    if used < experiment.data.sizes[0]:
        lines.append(f"order = order[:{used}]  # the last batch is smaller, and left out")
    return "\n".join(lines)


def _minibatches(experiment: Experiment) -> str:
    order = indent(order_lines(experiment, "len(x_train)"), " " * 8)
    return f'''\
def batches():
    """Yield batch after batch; {order_words(experiment)}."""
    epoch = 0
    while True:
{order}
        for rows in torch.from_numpy(order).split({experiment.batch_rows}):
            yield x_train[rows], y_train[rows]
        epoch += 1'''


def _fresh_batches(experiment: Experiment) -> str:
    rows, unit = experiment.batch_rows, fresh_unit(experiment)
    return f'''\
def batches():
    """Yield new rows for every step; those of {unit} steps are drawn together."""
    unit = 0
    while True:
        rng = np.random.default_rng(stream(FRESH, unit))
        inputs, targets = draw_rows(rng, {unit} * {rows})
        x = {tensor(experiment, "inputs")}
        y = {tensor(experiment, "targets")}
        yield from zip(x.split({rows}), y.split({rows}))
        unit += 1'''
