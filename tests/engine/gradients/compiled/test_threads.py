"""Threads that take a network's steps together leave the bits of one that takes them alone."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

from engine.gradients.compiled import method
from engine.gradients.compiled.library import why_none
from engine.gradients.compiled.threads import AGAIN, Threads
from engine.training.trainer import Trainer
from tests.experiments import experiment
from tests.patience import DEADLINE

pytestmark = pytest.mark.skipif(bool(why_none()), reason=why_none() or "there is a library")

PLAIN: dict[str, Any] = {
    "data": {"kind": "moons", "samples": 90, "noise": 0.1, "split": [60, 20, 10]},
    "model": {"hidden": [37, 18], "activation": "tanh"},
    "loss": {"name": "binary_cross_entropy_with_logits"},
    "optimizer": {"name": "adam", "lr": 0.01},
    "train": {"steps": 12, "seed": 3, "gradients": "manual", "batch_size": 25},
}

OTHERS: dict[str, dict[str, Any]] = {
    "plain": {},
    "all rows at once": {"train": {**PLAIN["train"], "batch_size": "full"}},
    "batch norm": {"model": {"hidden": [37, 18], "activation": "relu", "normalisation": "batch"}},
    "layer norm": {"model": {"hidden": [37, 18], "activation": "gelu", "normalisation": "layer"}},
    "dropout": {"model": {"hidden": [37, 18], "activation": "elu", "dropout": 0.25}},
    "softmax": {
        "model": {"hidden": [37], "output_activation": "log_softmax"},
        "loss": {"name": "negative_log_likelihood"},
    },
    "clipped": {"train": {**PLAIN["train"], "clip_norm": 0.05, "clip_value": 0.01}},
    "pulled to 0": {"optimizer": {"name": "adam", "lr": 0.01, "l1": 0.01}},
    "not cleared": {"train": {**PLAIN["train"], "zero_grad": False}},
    "float64": {"train": {**PLAIN["train"], "dtype": "float64"}},
    # More than a tile's depth, more vectors of rows than a tile has, sums that fill no vector.
    "deep and wide": {
        "model": {"hidden": [300, 21, 270], "activation": "relu"},
        "train": {**PLAIN["train"], "batch_size": "full"},
    },
    "one unit": {"model": {"hidden": [1, 3], "activation": "tanh"}},
}
"""What tells each experiment from the plain one."""


def bits(threads: int, members: int, **other: Any) -> list[bytes]:
    """Return all that some steps leave behind: rows, weights, what the optimizer keeps."""
    rates = {"vary": {"optimizer.lr": [0.01, 0.02][:members]}} if members > 1 else None
    spec = experiment(PLAIN, **other, **({"population": rates} if rates else {}))
    trainer = Trainer(spec, device="cpu", threads=threads, way="compiled")
    assert trainer.method.way == "compiled"
    left = []
    for count in (1, 5, 4):
        block = trainer.advance(count)
        left += [np.asarray(each.values).tobytes() for each in block.series]
    weights = trainer.method.weights
    return [*left, weights.numpy().tobytes(), repr(trainer.method.state()).encode()]


@pytest.mark.parametrize("members", [1, 2])
@pytest.mark.parametrize("other", OTHERS)
def test_a_team_leaves_the_bits_of_one_alone(
    other: str, members: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = bits(1, members, **OTHERS[other])
    monkeypatch.setattr(method, "WORTH_A_TEAM", 0)
    for threads in (3, 7):
        assert bits(threads, members, **OTHERS[other]) == alone


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[threading.Thread]:
    """The threads that were begun."""
    begin, begun = threading.Thread.start, list[threading.Thread]()

    def start(thread: threading.Thread) -> None:
        if len(begun) == 2:
            raise RuntimeError("can't start new thread")
        begun.append(thread)
        begin(thread)

    monkeypatch.setattr(threading.Thread, "start", start)
    return begun


@pytest.mark.parametrize(("worth", "others"), [(method.WORTH_A_TEAM, 0), (0, 1)])
def test_only_a_large_network_has_a_team(
    worth: float, others: int, begun: list[threading.Thread], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(method, "WORTH_A_TEAM", worth)
    Trainer(experiment(PLAIN), device="cpu", threads=2, way="compiled").advance(2)
    assert len(begun) == others


@pytest.mark.parametrize(("members", "large"), [(1, True), (9, False)])
def test_where_a_thread_cannot_begin_one_takes_all(
    members: int, large: bool, begun: list[threading.Thread]
) -> None:
    threads, taken = Threads(5, members, large=large), list[int]()
    for thread in begun:
        thread.join(DEADLINE)
        assert not thread.is_alive()
    threads.take(lambda team, rank, begin, end, _: taken.extend(range(begin, end)), 64, 1)
    assert taken == [*range(members)]


@pytest.mark.parametrize("slower", ["a team", "alone"])
def test_a_large_network_is_taken_by_whichever_way_is_faster_now(slower: str) -> None:
    now, taken = [0.0], list[str]()

    def call(team: object, rank: int, *_: int) -> None:
        if not rank:
            taken.append("alone" if team is None else "a team")
            now[0] += 3 if taken[-1] == slower else 1

    threads = Threads(2, 1, large=True, clock=lambda: now[0])
    for _ in range(2 * AGAIN):
        threads.take(call, 64, 1)
    # Twice to know it, and whenever it is seen anew.
    assert taken.count(slower) == 2 + 2
    faster, slower = slower, "alone" if slower == "a team" else "a team"
    for _ in range(4 * AGAIN):
        threads.take(call, 64, 1)
    assert taken[-AGAIN:].count(faster) >= AGAIN - 2
