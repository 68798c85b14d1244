"""Runs side by side: what is drawn, what is said of them, and where they part."""

from __future__ import annotations

import gc
import math
import weakref
from typing import Any

import numpy as np
import pytest

from engine.recording.events import End, Header, Resume, Series, Snapshot
from engine.recording.history import History
from tests.races import draw_race
from tui.drawing.gradients.layers import LayerRow, read_layers
from tui.drawing.race import parting
from tui.drawing.race.differences import apart, factor, gradients, past, sentences, times
from tui.drawing.race.parting import Partings, first_parting
from tui.drawing.race.race import draw_footing, draw_heading, draw_rows, ratio, told_apart
from tui.drawing.race.racers import Race, Racer, RunAt, gather_race
from tui.style.glyphs import ASCII, BRAILLE, GLYPHS
from tui.style.look import Look
from tui.style.palette import DARK

NAN, INF = math.nan, math.inf
PLAIN = DARK.without_colours()
SIGMOID = [1.8e-11, 3.4e-9, 1.6e-6, 8.4e-4, 0.27]
RELU = [1.2e-8, 6.1e-7, 5.6e-5, 5.9e-3, 0.37]


def history(
    norms: list[float],
    losses: list[float] | None = None,
    *,
    run: str = "r",
    status: str = "",
    members: int = 1,
    start: float | None = None,
    names: str = "layer{}",
) -> History:
    """Return a run whose layers have these gradients at every step; each bias a tenth of them."""
    losses = losses if losses is not None else [0.5]
    layers = [names.format(index + 1) for index in range(len(norms))]
    columns = {"loss": np.array(losses), "accuracy": np.full(len(losses), 0.75)}
    columns["grad_norm"] = np.full(len(losses), 2.5)
    for layer, norm in zip(layers, norms, strict=True):
        columns[f"grad_norm/{layer}.weight"] = np.full(len(losses), norm)
        columns[f"grad_norm/{layer}.bias"] = np.full(len(losses), norm / 10)
    known = History()
    shapes = {f"{layer}.weight": [1, 1] for layer in layers}
    known.add(
        Header(
            run=run,
            experiment={},
            seeds=list(range(members)),
            parameters=shapes | {f"{layer}.bias": [1] for layer in layers},
            columns={"train": list(columns)},
            gradients="autograd",
            device="cpu",
        )
    )
    if start is not None:
        values = np.full((members, 2 * len(layers)), start, np.float32)
        known.add(Snapshot(step=0, values=values))
    rows = np.array(list(columns.values()), np.float32)[:, :, None].repeat(members, axis=2)
    if losses:
        known.add(Series(group="train", first=1, values=rows))
    if status:
        known.add(End(step=len(losses), status=status, reason=""))
    return known


def race_of(*histories: History, step: int = 1, labels: tuple[str, ...] = ()) -> Race:
    names = labels or ("first", "second", "third", "fourth")
    runs = [
        RunAt(label=names[index], slot=index, history=history)
        for index, history in enumerate(histories)
    ]
    return gather_race(runs, step)


def deep() -> Race:
    return race_of(history(SIGMOID), history(RELU), labels=("vanishing-sigmoid", "vanishing-relu"))


def drawn(race: Race, width: int = 100, height: int = 24, glyphs: Any = BRAILLE) -> list[str]:
    return [line.plain for line in draw_race(race, width, height, Look(glyphs, DARK))]


def racer(*weights: float, **more: Any) -> Racer:
    layers = tuple(
        LayerRow(name=f"layer{index + 1}", weight=weight, recent=np.empty(0, np.float32))
        for index, weight in enumerate(weights)
    )
    known: dict[str, Any] = {"label": "run", "loss": 0.5, "layers": layers}
    return Racer(**known | more)


# --- the picture ---------------------------------------------------------------------------


@pytest.mark.parametrize("palette", [DARK, PLAIN])
@pytest.mark.parametrize("glyphs", GLYPHS)
@pytest.mark.parametrize("runs", [1, 2, 3, 4])
def test_every_line_is_as_wide_as_asked(runs: int, glyphs: Any, palette: Any) -> None:
    nasty = [0.0, NAN, INF, 1e-38, 3e38, 1e30, 0.5]
    race = race_of(*(history(nasty[index:], [NAN, INF]) for index in range(runs)), step=2)
    for width in (1, 2, 7, 20, 39, *range(40, 201, 9)):
        for height in (1, 2, 3, 6, 24):
            lines = draw_race(race, width, height, Look(glyphs, palette))
            assert [line.cell_len for line in lines] == [width] * height
            if glyphs is ASCII:
                assert all(line.plain.isascii() for line in lines)


@pytest.mark.parametrize("width", [40, 80, 200])
@pytest.mark.parametrize("runs", [2, 3, 4])
def test_at_any_width_every_run_has_its_loss_and_every_layers_norm(runs: int, width: int) -> None:
    norms = [0.123, 0.234, 0.345, 0.456]
    losses = [0.91, 0.82, 0.73, 0.64]
    race = race_of(*(history([norms[i]] * 3, [losses[i]]) for i in range(runs)))
    lines = drawn(race, width, 30)
    for words, values in (("loss", losses), ("layer3", norms)):
        row = next(line for line in lines if line.startswith(words)).split()
        for value in values[:runs]:
            assert any(cell.startswith(str(value)) for cell in row)


def test_ratio_and_verdict_stand_beside_each_norm() -> None:
    row = draw_rows(deep(), 80, Look(BRAILLE, DARK))[0].plain.split()
    assert row == ["layer1", "1.80e-11", "✗", "vanishing", "1.20e-8", "×667", "✗", "vanishing"]


def test_the_columns_stand_under_their_names() -> None:
    for width in (40, 60, 80, 120, 200):
        *_, heads = (line.plain for line in draw_heading(deep(), width, Look(BRAILLE, DARK)))
        row = draw_rows(deep(), width, Look(BRAILLE, DARK))[0].plain
        assert heads.rindex("grad W") + 6 == row.index("1.20e-8") + 7
        assert heads.index("ratio") + 5 == row.index("×667") + 4


def test_every_run_has_its_own_colour_and_without_colours_a_letter() -> None:
    names = draw_heading(deep(), 100, Look(BRAILLE, DARK))[0]
    styles: list[Any] = [span.style for span in names.spans]
    assert [style.color.number for style in styles if style.bold] == list(DARK.runs[:2])
    plain = draw_heading(deep(), 100, Look(BRAILLE, PLAIN))[0].plain
    assert "A vanishing-sigmoid" in plain
    assert "B vanishing-relu" in plain


def test_where_there_is_room_gauges_share_one_scale() -> None:
    row = draw_rows(deep(), 140, Look(BRAILLE, DARK))[0].plain
    first, second = row[: row.index("1.20e-8")], row[row.index("1.20e-8") :]
    assert 0 < first.count("█") + first.count("▉") < second.count("█")


def test_a_layer_that_a_run_does_not_have_is_a_dash() -> None:
    race = race_of(history([0.1, 0.2, 0.3]), history([0.4]))
    rows = [line.plain.split() for line in draw_rows(race, 60, Look(BRAILLE, DARK))]
    assert rows[1][-1] == "-"
    assert len(rows) == 4
    assert "3 layers against 1." in " ".join(drawn(race))


def test_layers_of_other_names_are_matched_by_their_place() -> None:
    race = race_of(history([0.1, 0.2]), history([0.1, 0.2], names="conv{}"))
    assert [row.name for row in race.rows] == ["layer1 / conv1", "layer2 / conv2", "whole"]


def test_labels_without_room_keep_the_words_that_no_other_has() -> None:
    presets = ["manual-update", "automatic-update", "vanishing-relu", "vanishing-sigmoid"]
    assert told_apart(presets, [9, 9, 9, 9]) == ["manual", "automatic", "relu", "sigmoid"]
    assert told_apart(presets, [99] * 4) == presets
    assert told_apart(["same", "same"], [2, 2]) == ["same", "same"]


def test_a_setting_keeps_its_name_where_there_is_room_for_it() -> None:
    biases = ["vanishing-relu, bias 0", "vanishing-relu, bias 1", "vanishing-sigmoid"]
    assert told_apart(biases, [10, 10, 10]) == ["bias 0", "bias 1", "sigmoid"]
    assert told_apart(["lr 0.2, seed 3", "lr 0.5, seed 3"], [8, 8]) == ["lr 0.2", "lr 0.5"]
    assert told_apart(["two-moons 4f1c", "two-moons 9abc"], [9, 9]) == ["4f1c", "9abc"]


def batch_normalised(layers: int, bias: float) -> History:
    """Return a run whose layers, but for the last, are batch-normalised."""
    names = [f"layer{index + 1}" for index in range(layers)]
    shapes: dict[str, list[int]] = {}
    for name in names:
        shapes |= {f"{name}.weight": [3, 3], f"{name}.bias": [3]}
        if name != names[-1]:
            shapes |= {f"{name}.norm.weight": [3], f"{name}.norm.bias": [3]}
    known = History()
    known.add(
        Header(
            run="normalised",
            experiment={},
            seeds=[0],
            parameters=shapes,
            buffers={f"{name}.norm.running_mean": [3] for name in names[:-1]},
            columns={"train": [f"grad_norm/{name}" for name in shapes]},
            gradients="autograd",
            device="cpu",
        )
    )
    idle = {f"{name}.bias" for name in names[:-1]}
    norms = [bias if name in idle else 0.1 for name in shapes]
    known.add(Series(group="train", first=1, values=np.array(norms, np.float32)[:, None, None]))
    return known


def test_layers_are_matched_by_name_whatever_stands_between_them() -> None:
    race = race_of(history([0.1] * 3), batch_normalised(3, 1e-10))
    assert [row.name for row in race.rows][:5] == [
        "layer1",
        "layer1.norm",
        "layer2",
        "layer2.norm",
        "layer3",
    ]
    for row in race.rows[:5]:
        assert row.values[1] == pytest.approx(0.1)
        assert row.values[0] == (None if "norm" in row.name else pytest.approx(0.1))
    assert "layers against" not in " ".join(drawn(race))


def test_the_bias_of_a_normalised_layer_is_evidence_of_nothing() -> None:
    one, two = batch_normalised(3, 3e-10), batch_normalised(3, 1e-1)
    assert one.header is not None
    assert one.header.idle_biases == {"layer1.bias", "layer2.bias"}
    assert sentences(race_of(one, two).runs)[0].words == (
        "Every gradient is the same to the last digit."
    )
    table = read_layers(one, 1, lambda kinds, longest: 0)
    assert table is not None
    assert [layer.idle_bias for layer in table.layers if layer.bias is not None] == [
        "norm" not in layer.name and layer.name != "layer3" for layer in table.layers
    ]


def test_before_the_first_step_it_says_so_and_whether_the_runs_begin_alike() -> None:
    one, two = history([0.1], [], start=0.5), history([0.1], [], start=0.5)
    lines = "\n".join(drawn(race_of(one, two, step=0)))
    assert "There is no gradient yet: the first is that of step 1." in lines
    assert "They start from the same weights." in lines


def test_of_more_layers_than_lines_the_first_and_the_last_are_shown() -> None:
    race = race_of(history([0.1] * 50), history([0.2] * 50))
    lines = drawn(race, 80, 14)
    assert any(line.startswith("layer1 ") for line in lines)
    assert any("more layers" in line for line in lines)
    assert any(line.startswith("layer50") for line in lines)
    assert lines[-1].startswith("layer1: ") or "losses agree" in lines[-1]


def test_a_shorter_run_is_held_at_its_last_step_and_that_is_said() -> None:
    race = race_of(
        history([0.1], [0.9, 0.8, 0.7, 0.6]), history([0.2], [0.5, 0.4], status="diverged"), step=4
    )
    assert [run.step for run in race.runs] == [4, 2]
    assert [run.loss for run in race.runs] == pytest.approx([0.6, 0.4])
    footing = draw_footing(race, 100, Look(BRAILLE, DARK))
    assert footing[0].plain.strip() == "second diverged at step 2 and is held there."
    assert footing[0].style == DARK.style("warning") or DARK.style("warning") in [
        span.style for span in footing[0].spans
    ]


def test_only_the_runs_that_have_it_show_the_member() -> None:
    race = gather_race(
        [
            RunAt(label="many", slot=0, history=history([0.1], members=3)),
            RunAt(label="one", slot=1, history=history([0.1])),
        ],
        step=1,
        member=2,
    )
    assert [run.loss for run in race.runs] == [0.5, 0.5]


def test_at_an_earlier_step_it_is_the_race_as_it_was() -> None:
    one, two = history([0.1], [0.9, 0.8, 0.7]), history([0.2], [0.9, 0.8, 0.1])
    cut = race_of(one.until(2), two.until(2), step=2)
    assert drawn(cut) == drawn(race_of(one, two, step=2))
    assert "agree" in "\n".join(drawn(cut))


def test_an_escape_sequence_in_a_label_is_written_out() -> None:
    race = race_of(history([0.1]), history([0.2]), labels=("a\x1b[31m", "b"))
    assert not any("\x1b" in line for line in drawn(race))


@pytest.mark.parametrize(
    ("first", "value", "words"),
    [
        (1.8e-11, 1.2e-8, "×667"),
        (0.7922, 0.7937, "×1.002"),
        (1.0, 1.0000003, "1+3e-7"),
        (1.0, 0.9999997, "1-3e-7"),
        (0.5, 0.5, "equal"),
        (0.0, 0.0, "equal"),
        (0.0, 0.5, ""),
        (0.5, 0.0, "×0"),
        (NAN, 0.5, ""),
        (0.5, INF, ""),
        (None, 0.5, ""),
        (1e-38, 1e38, "×1.0e76"),
    ],
)
def test_a_ratio_is_said_shortly(first: float | None, value: float | None, words: str) -> None:
    assert ratio(first, value, BRAILLE) == words
    assert ratio(first, value, ASCII) == words.replace("×", "x")


# --- the words -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("far", "words"),
    [
        (1.0015, "1.002 times"),
        (1.33, "1.3 times"),
        (666.7, "670 times"),
        (1000.0, "a thousand times"),
        (1520.0, "1.5 thousand times"),
        (9.8e3, "ten thousand times"),
        (9.7e7, "a hundred million times"),
        (2.7e7, "27 million times"),
        (9.99e5, "a million times"),
        (1.8e10, "18 billion times"),
        (9.9e14, "1e15 times"),
        (3e200, "3e200 times"),
    ],
)
def test_a_factor_is_said_as_people_say_it(far: float, words: str) -> None:
    assert times(far) == words


def test_the_first_layer_that_differs_is_named_with_both_values() -> None:
    words = gradients(racer(1.1e-9, 0.2), racer(0.107, 0.3))
    assert words == "layer1: 1.1e-9 against 0.107, a hundred million times."


def test_layers_that_agree_are_passed_over_and_the_farthest_is_named_too() -> None:
    words = gradients(racer(0.5, 0.5, 1e-6), racer(0.5, 0.6, 0.3))
    assert words == (
        "layer2: 0.500 against 0.600, 1.2 times. "
        "Farthest apart layer3: 1.0e-6 against 0.300, 300 thousand times."
    )


def test_runs_that_agree_say_how_well() -> None:
    words = gradients(racer(1.0, 2.0), racer(1.0000003, 2.0))
    assert words == "They agree to 3e-7 in every gradient."
    assert gradients(racer(1.0, NAN), racer(1.0, NAN)) == (
        "Every gradient is the same to the last digit."
    )


def test_nothing_and_what_is_not_finite_have_no_factor() -> None:
    assert gradients(racer(0.0), racer(0.5)) == "layer1: exactly 0 against 0.500."
    assert gradients(racer(NAN), racer(0.5)) == "layer1: NaN against 0.500."
    assert gradients(racer(INF), racer(0.5), "∞") == "layer1: ∞ against 0.500."
    assert gradients(racer(), racer(0.5)) == ""


def test_a_bias_that_differs_alone_is_found() -> None:
    one, two = history([0.1]), history([0.1])
    two.series["train"].column("grad_norm/layer1.bias")[:] = 0.05
    assert sentences(race_of(one, two).runs)[0].words.startswith("layer1 biases: 0.01")


def test_among_several_runs_each_sentence_says_which_run_it_is_about() -> None:
    race = race_of(history([0.1]), history([0.2]), history([0.3]))
    assert [said.about for said in sentences(race.runs)] == [1, 2, None]
    footing = [line.plain.strip() for line in draw_footing(race, 100, Look(BRAILLE, PLAIN))]
    assert footing[0] == "B second · layer1: 0.100 against 0.200, 2 times."


def test_what_is_common_to_several_runs_is_said_once() -> None:
    first = racer(0.1, label="a")
    same = [racer(0.1, label=name, starts_alike=True, parted=7) for name in "bc"]
    assert past([first, *same]) == (
        "They start from the same weights, and their losses part at step 7."
    )
    mixed = [same[0], racer(0.1, label="c", starts_alike=False)]
    assert past([first, *mixed]) == (
        "C starts from other weights, and beside a the losses of b part at step 7, "
        "of c agree to 1e-3 at every step so far."
    )


def test_several_runs_that_are_held_are_said_in_one_sentence() -> None:
    ended = [history([0.1], [0.5] * 2, status=status) for status in ("finished", "diverged")]
    said = sentences(race_of(history([0.1], [0.5] * 9), *ended, step=9).runs)[0]
    assert said.is_trouble
    assert said.words == "second ended at step 2, third diverged at step 2: each is held there."


def test_apart_is_a_share_of_the_greater() -> None:
    assert apart(1.0, 4.0) == apart(4.0, 1.0) == 0.75
    assert apart(None, None) == apart(NAN, NAN) == apart(INF, INF) == 0
    assert apart(None, 1.0) == apart(NAN, 1.0) == apart(INF, -INF) == INF
    assert factor(4.0, 1.0) == factor(1.0, 4.0) == 4
    assert factor(0.0, 1.0) == INF


# --- where they part -----------------------------------------------------------------------


def losses(values: Any, run: str = "r") -> History:
    return history([0.1], list(values), run=run)


def parted(one: Any, other: Any, **more: Any) -> int | None:
    rows = losses(one).series["train"], losses(other).series["train"]
    return first_parting(*rows, until=more.pop("until", 10**9), **more)


@pytest.mark.parametrize("at", [1, 2, 63, 64, 65, 320, 321, 999, 1000])
def test_the_first_step_that_differs_is_found_wherever_it_is(at: int) -> None:
    one = np.linspace(1.0, 0.5, 1000)
    other = one.copy()
    other[at - 1 :] *= 1.01
    assert parted(one, other) == at
    assert parted(one, other, until=at - 1) is None
    assert parted(one, other, until=at) == at


def test_a_single_spike_is_found_though_every_mean_and_extreme_is_the_same() -> None:
    one, other = np.ones(1000), np.ones(1000)
    one[:2] = other[:2] = 0.5, 2.0
    one[500:502], other[500:502] = (0.7, 1.3), (1.3, 0.7)
    assert parted(one, other) == 501


def test_a_difference_within_the_tolerance_is_none() -> None:
    assert parted([1.0, 1.0], [1.0005, 1.0]) is None
    assert parted([1.0, 1.0], [1.0005, 1.0], tolerance=1e-4) == 1
    assert parted([0.0, 0.0], [0.0, 1e-9]) == 2


def test_nan_is_the_same_as_nan_and_as_nothing_else() -> None:
    assert parted([NAN, INF], [NAN, INF]) is None
    assert parted([1.0, NAN], [1.0, 1.0]) == 2
    assert parted([1.0, INF], [1.0, 1.0]) == 2
    assert parted([INF], [-INF]) == 1


def test_only_steps_that_both_have_are_compared() -> None:
    one = losses([]).series["train"]
    values = np.zeros((len(one.columns), 3, 1), np.float32)
    values[0, :, 0] = 1.0, 2.0, 9.0
    one.add(Series(group="train", first=2, stride=2, values=values))
    other = losses([5.0, 1.0, 5.0, 2.0, 5.0, 2.5]).series["train"]
    assert first_parting(one, other, until=99) == first_parting(other, one, until=99) == 6


def test_runs_without_such_a_column_never_part() -> None:
    rows = losses([1.0]).series["train"]
    assert first_parting(rows, rows, "no such", until=9) is None


def test_no_row_is_compared_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[int] = []
    differ = parting._differ

    def counted(left: Any, right: Any, tolerance: float) -> Any:
        compared.append(len(left))
        return differ(left, right, tolerance)

    monkeypatch.setattr(parting, "_differ", counted)
    one, other = losses(np.ones(5000), "a"), losses(np.ones(5000), "b")
    known = Partings()
    for step in (1, 3000, 2000, 5000, 10, 5000):
        assert known.parting(one.until(step), other.until(step), step) is None
    assert sum(compared) == 5000


def test_after_an_early_difference_the_rest_is_never_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compared: list[int] = []
    differ = parting._differ

    def counted(left: Any, right: Any, tolerance: float) -> Any:
        compared.append(len(left))
        return differ(left, right, tolerance)

    monkeypatch.setattr(parting, "_differ", counted)
    one, other = losses(np.ones(5000), "a"), losses(np.full(5000, 2.0), "b")
    known = Partings()
    assert [known.parting(one, other, step) for step in (5000, 4000, 0)] == [1, 1, None]
    assert sum(compared) == parting.FIRST_LOOK


def test_a_difference_has_not_happened_before_its_step() -> None:
    one, other = losses([1.0, 1.0, 1.0], "a"), losses([1.0, 1.0, 3.0], "b")
    known = Partings()
    assert [known.parting(one, other, step) for step in (3, 2, 3)] == [3, None, 3]


def test_a_run_that_was_resumed_is_compared_anew() -> None:
    one, other = losses([1.0, 1.0, 1.0], "a"), losses([1.0, 1.0, 1.0], "b")
    known = Partings()
    assert known.parting(one, other, 3) is None
    other.add(Resume(from_step=1, host="here", pid=1))
    rows = np.full((len(other.series["train"].columns), 2, 1), 5.0, np.float32)
    other.add(Series(group="train", first=2, values=rows))
    assert known.parting(one, other, 3) == 2


def test_rows_that_come_later_are_compared_when_they_have_come() -> None:
    one, other = losses([1.0] * 4, "a"), losses([1.0] * 2, "b")
    known = Partings()
    assert known.parting(one, other, 4) is None
    rows = np.full((len(other.series["train"].columns), 2, 1), 5.0, np.float32)
    other.add(Series(group="train", first=3, values=rows))
    assert known.parting(one, other, 4) == 3


def test_runs_that_were_compared_long_ago_are_held_no_more() -> None:
    known, one, held = Partings(), losses([1.0, 1.0], "a"), []
    for number in range(3 * parting.REMEMBERED):
        other = losses([1.0, 2.0], str(number))
        assert other.header is not None
        held.append(weakref.ref(other.header))
        assert known.parting(one, other, 2) == 2
        assert known.parting(one, one, 2) is None
    del other
    gc.collect()
    # The pair that is asked for all the time is one of them.
    left = [number for number, header in enumerate(held) if header() is not None]
    assert left == [*range(len(held))][1 - parting.REMEMBERED :]


def test_weights_at_the_start_are_the_same_different_or_unknown() -> None:
    def start(one: History, two: History) -> bool | None:
        return race_of(one, two).runs[1].starts_alike

    assert start(history([0.1], start=0.5), history([0.2], start=0.5)) is True
    assert start(history([0.1], start=0.5), history([0.1], start=0.6)) is False
    assert start(history([0.1], start=0.5), history([0.1, 0.1], start=0.5)) is False
    assert start(history([0.1]), history([0.1], start=0.5)) is None
