"""Writing presets: an experiment as TOML text, and back into a file that has comments.

Whatever is written loads back to an equal experiment.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..data import anchored
from ..errors import PresetError, Problem
from ..experiment.experiment import Experiment
from ..experiment.tables import inline, tables_of, toml_line
from ..text.files import replace_file, why
from ..text.owned import by_umask
from ..text.parsing import from_toml, toml_document


def dumps(experiment: Experiment, *, full: bool = False) -> str:
    """Return an experiment as the text of a preset.

    Args:
        experiment: What to write.
        full: Every key, so that a later version's other defaults change nothing; otherwise only
            what differs from the defaults.
    """
    return text_of(tables_of(experiment, full=full))


def text_of(said: Mapping[str, Any]) -> str:
    """Return the tables of a preset as its text."""
    top, tables = [], []
    for key, value in said.items():
        if isinstance(value, dict):
            tables.append(_section(f"[{key}]", value))
        elif value and isinstance(value, list) and isinstance(value[0], dict):
            tables += [_section(f"[[{key}]]", item) for item in value]
        else:
            top.append(toml_line(key, value))
    return "\n".join([*(["".join(top)] if top else []), *tables])


def save(
    path: Path,
    experiment: Experiment,
    original_text: str,
    *,
    origin: Path | None = None,
    overwrite: bool = True,
) -> None:
    """Write an experiment into a preset's file, changing only what differs.

    Args:
        path: The file.
        experiment: What it is to say.
        original_text: What it said: its comments and its order are kept.
        origin: The folder it said that in, where that is another one: paths of files in it are
            written so that they lead to the same files.
        overwrite: Whether a file that is there already may be written over.

    Raises:
        PresetError: The file cannot be written, or is there already.
    """
    text = _updated(original_text, experiment, path.parent, origin or path.parent)
    write(path, text, overwrite=overwrite)


def write(path: Path, text: str, *, overwrite: bool, remedy: str = "choose another name") -> None:
    """Write the text of a preset into its file.

    Args:
        path: The file.
        text: What it is to say.
        overwrite: Whether a file that is there already may be written over.
        remedy: What to advise where it is there and may not.

    Raises:
        PresetError: The file cannot be written, or is there already.
    """
    path = path.resolve()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not overwrite and path.exists():
            message = f"is there already, and was not written over; {remedy}"
            raise PresetError([Problem(str(path), "", message)])
        replace_file(path, text.encode(), shared=by_umask())
    except OSError as error:
        said = why(error)
        message = f"cannot be written: {said[:1].lower()}{said[1:]}"
        raise PresetError([Problem(str(path), "", message)]) from None


def _section(heading: str, table: Mapping[str, Any]) -> str:
    return f"{heading}\n" + "".join(toml_line(key, value) for key, value in table.items())


def anchor(tables: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Return a preset's tables, with the paths of files in them, if any, from ``folder`` on."""
    data, model = tables.get("data"), tables.get("model")
    if isinstance(data, dict):
        tables = {**tables, "data": anchored(data, folder)}
    if isinstance(model, dict) and isinstance(module := model.get("module"), str):
        path, colon, name = module.rpartition(":")
        if path:
            whole = str((folder / Path(path).expanduser()).absolute())
            tables = {**tables, "model": {**model, "module": f"{whole}{colon}{name}"}}
    return tables


def _updated(original_text: str, experiment: Experiment, folder: Path, origin: Path) -> str:
    """Return the original text changed to say ``experiment``, or a new one where it cannot be.

    Args:
        original_text: A preset.
        experiment: What it is to say.
        folder: Where it will lie, and where its data file is looked for.
        origin: Where it lay.
    """
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        document = toml_document(original_text)
        old = tables_of(Experiment.model_validate(anchor(document.unwrap(), origin)), full=True)
        if folder.resolve() != origin.resolve():
            # What leads from one folder to a file does not from another: so these are written.
            old["data"].pop("path", None)
            old["model"].pop("module", None)
        new, brief = tables_of(experiment, full=True), tables_of(experiment)
        _update(document, old, new, brief, _top_item)
        text = tomlkit.dumps(document)
        if Experiment.model_validate(anchor(from_toml(text), folder)) == experiment:
            return text
    except (TOMLKitError, ValueError, RecursionError):
        pass
    return dumps(experiment)


def _update(
    document: Any,
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    brief: Mapping[str, Any],
    item: Callable[[Any], Any] | None = None,
) -> None:
    """Set what differs between ``old`` and ``new`` in a table of a document.

    Args:
        document: The table, with its comments.
        old: All that it says, defaults included.
        new: All that it is to say.
        brief: The same without what is a default, which need not be written where it was not.
        item: Makes a value of the document; one that stays on a line where left out.
    """
    item = item or _item
    for key in [key for key in document if key not in new]:
        del document[key]
    for key, value in new.items():
        if value == old.get(key):
            continue
        if key not in document:
            if key in brief:
                document[key] = item(brief[key])
        else:
            _put(document, key, old.get(key), value, brief.get(key, value), item)


def _put(
    document: Any, key: Any, old: Any, new: Any, brief: Any, item: Callable[[Any], Any]
) -> None:
    """Set what differs at one key or index of a document, as deep inside as it can be."""
    here = document[key]
    if isinstance(brief, dict) and isinstance(here, dict) and isinstance(old, dict):
        _update(here, old, new, brief)
    elif isinstance(brief, list) and isinstance(here, list) and len(here) == len(brief):
        for index, (before, value) in enumerate(zip(old, new, strict=True)):
            if value != before:
                _put(here, index, before, value, brief[index], _item)
    else:
        document[key] = item(brief)


def _item(value: Any) -> Any:
    """Return a value for a document; tables inside tables stay on one line."""
    import tomlkit

    return tomlkit.value(inline(value))


def _top_item(value: Any) -> Any:
    """Return a value for the top of a document, where tables have headings."""
    import tomlkit

    if isinstance(value, dict):
        table = tomlkit.table()
        for key, item in value.items():
            table[key] = _item(item)
        return table
    if value and isinstance(value, list) and isinstance(value[0], dict):
        tables = tomlkit.aot()
        for item in value:
            tables.append(_top_item(item))
        return tables
    return _item(value)
