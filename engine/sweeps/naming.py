"""Settings in words: ``hidden 5,3 · lr 0.01``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..runs.catalogue import brief
from .group import TrialGroup
from .plan import Plan


def key_names(keys: list[str]) -> dict[str, str]:
    """Return what to call keys: each by its last part, or in full where two of them end alike."""
    last = [key.rpartition(".")[2] for key in keys]
    return {
        key: name.replace("_", " ") if last.count(name) == 1 else key
        for key, name in zip(keys, last, strict=True)
    }


def value_text(value: Any) -> str:
    """Return a value of a setting in few characters."""
    if isinstance(value, list):
        return f"[{', '.join(map(value_text, value))}]"
    return brief(value)


def setting_text(setting: Mapping[str, Any]) -> str:
    """Return a setting in words."""
    names = key_names(list(setting))
    return " · ".join(f"{names[key]} {value_text(value)}" for key, value in setting.items())


def common_text(plan: Plan, group: TrialGroup) -> str:
    """Return in words what the trials of a group have in common: ``two-moons, hidden [5]``."""
    preset = plan.bases[plan.trials[group.trials[0]].base].preset
    return ", ".join(part for part in (preset, common_setting(plan, group.trials)) if part)


def common_setting(plan: Plan, numbers: Sequence[int]) -> str:
    """Return in words what is set alike in some trials: ``hidden [5] · lr 1``."""
    first, *others = (plan.trials[number].setting for number in numbers)
    return setting_text({k: v for k, v in first.items() if all(o.get(k) == v for o in others)})
