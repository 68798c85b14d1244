"""What runs and members on one screen are called: by what tells them apart, not what they share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from engine.recording.events import Header
    from engine.recording.history import History

MOST: Final = 2
"""Differences in a label."""

SEED: Final = "train.seed"
"""The key that tells members apart where nothing else is varied."""


def labels_of(experiments: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Return a label for each run.

    Args:
        experiments: The recorded experiment of each run, by its name.
    """
    from engine.runs.catalogue import differing

    from ..lists.runs import told

    runs = {name: _facts(name, tables) for name, tables in experiments.items()}
    presets = {name: run.preset for name, run in runs.items()}
    same = len(set(presets.values())) == 1
    keys = differing(list(runs.values()))
    labels = {}
    for name, run in runs.items():
        differs = [told(key, run.config[key]) for key in keys if key in run.config][:MOST]
        of_preset = list(presets.values()).count(run.preset)
        if same:
            parts = differs
        elif run.origin:
            # No longer the preset that it is called after: by what was changed of that.
            parts = [run.origin, *experiments[name]["origin"].get("changed", ())[:MOST]]
        else:
            parts = [run.called, *(differs if of_preset > 1 else [])]
        labels[name] = ", ".join(parts) or run.called
    taken = list(labels.values())
    return {
        name: f"{label} {name[-4:]}" if taken.count(label) > 1 else label
        for name, label in labels.items()
    }


def member_name(header: Header, member: int) -> str:
    """Return what a network of a population is called: ``seed 104``, ``lr 0.5 · seed 104``.

    Args:
        header: The run's.
        member: Which network, counted from 0.
    """
    from ..lists.runs import told

    varied = header.variants[member] if member < len(header.variants) else {}
    changes = varied or {SEED: header.seeds[member]}
    return " · ".join(told(key, value) for key, value in changes.items())


def name_of(history: History, member: int | None) -> str:
    """Return which network of a population is shown; empty for a network alone or for all."""
    header = history.header
    if header is None or header.members == 1 or member is None or member >= header.members:
        return ""
    return member_name(header, member)


def _facts(name: str, experiment: Mapping[str, Any]) -> Any:
    """Return a run's facts as far as its name and its experiment tell them."""
    from pathlib import Path

    from engine.runs.catalogue import RunFacts, flat, origin_of
    from engine.runs.folder import RunFolder
    from engine.runs.summary import Glance

    path = Path(name)
    glance = Glance(name=name, path=path, state="ended", step=0, started=0.0, end=None)
    return RunFacts(
        folder=RunFolder(path),
        glance=glance,
        config=flat(experiment),
        origin=origin_of(experiment, name),
    )
