"""The JSON Schema of a preset, by which editors complete and check one while it is written."""

from __future__ import annotations

from typing import Any

from .experiment import Experiment


def json_schema() -> dict[str, Any]:
    """Return the schema, with every key's meaning, bounds and default."""
    schema: dict[str, Any] = _forgiving(Experiment.model_json_schema())
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "A preset of epochal",
        "description": "An experiment: data, model, loss, optimizer and training.",
    }


def _forgiving(node: Any) -> Any:
    """Return a part of the schema with every "exactly one of" made "any of".

    A table may leave out its kind, and then fits several of them.
    """
    if isinstance(node, dict):
        return {
            "anyOf" if key == "oneOf" and isinstance(value, list) else key: _forgiving(value)
            for key, value in node.items()
        }
    return [_forgiving(item) for item in node] if isinstance(node, list) else node
