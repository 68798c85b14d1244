"""The house: every room imports only rooms below it, and nothing grows too large to read.

The order of the rooms is that of the README's map. An import counts wherever it stands: within a
function, or for the type checker alone.
"""

from __future__ import annotations

import ast
import functools
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
HOUSES = ("engine", "tui")


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {name_of(path): path for house in HOUSES for path in sorted((ROOT / house).rglob("*.py"))}


@functools.cache
def tree_of(module: str) -> ast.Module:
    return ast.parse(FILES[module].read_text("utf-8"))


@functools.cache
def imports(module: str) -> frozenset[str]:
    """Return the modules of the house that a module imports, wherever in it."""
    package = module.split(".")
    if FILES[module].name != "__init__.py":
        package.pop()
    named: set[str] = set()
    for node in ast.walk(tree_of(module)):
        if isinstance(node, ast.Import):
            named |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) + 1 - node.level] if node.level else []
            source = ".".join([*above, *([node.module] if node.module else [])])
            inner = {f"{source}.{alias.name}" for alias in node.names}
            named |= {each if each in FILES else source for each in inner}
    return frozenset(named & FILES.keys() - {module})


def rooms(house: str) -> list[str]:
    """Return the rooms of a house from the ground up, as the README's map has them."""
    block = re.search(rf"^{house}/.*?(?=^\w)", README, re.MULTILINE | re.DOTALL)
    assert block is not None
    return re.findall(r"^  (\w+)", block[0], re.MULTILINE)


def upward(house: str) -> Iterator[str]:
    """Yield the imports that go up, from one room to another above it."""
    order = {room: at for at, room in enumerate(rooms(house))}
    for module in FILES:
        here = module.split(".")
        for target in imports(module):
            there = target.split(".")
            if here[0] == there[0] == house and min(len(here), len(there)) > 1:
                floor = order.get(here[1], len(order))
                if floor < order.get(there[1], len(order)):
                    yield f"{module} -> {target}"


@pytest.mark.parametrize("house", HOUSES)
def test_no_room_imports_one_above_it(house: str) -> None:
    assert list(upward(house)) == []


def test_the_engine_knows_no_screen() -> None:
    assert not any(
        target.startswith("tui")
        for module in FILES
        if module.startswith("engine")
        for target in imports(module)
    )


def test_no_files_import_each_other_in_a_circle() -> None:
    left = {module: set(imports(module)) for module in FILES}
    # Whoever imports nothing that is left can be in no circle.
    while ends := {module for module, targets in left.items() if not targets & left.keys()}:
        left = {module: targets - ends for module, targets in left.items() if module not in ends}
    assert sorted(left) == []


@pytest.mark.parametrize(("house", "most"), [("engine", 30), ("tui", 20)])
def test_a_house_has_a_table_of_contents(house: str, most: int) -> None:
    assert len([path for path in (ROOT / house).iterdir() if path.name != "__pycache__"]) <= most


@functools.cache
def classes() -> dict[str, ast.ClassDef]:
    """Return the classes of the house by their full names."""
    return {
        f"{module}.{node.name}": node
        for module in FILES
        for node in ast.walk(tree_of(module))
        if isinstance(node, ast.ClassDef)
    }


TABLES = {"tui.commands.table"}
"""Files that are a table of data and what reads it."""


def methods_of(node: ast.ClassDef) -> list[str]:
    return [
        each.name for each in node.body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def test_no_file_is_longer_than_500_lines_but_tables() -> None:
    lengths = {module: len(path.read_text("utf-8").splitlines()) for module, path in FILES.items()}
    assert {module for module, length in lengths.items() if length > 500} <= TABLES


def test_no_class_has_more_than_40_methods_or_300_lines() -> None:
    large = {
        name: (len(methods_of(node)), lines)
        for name, node in classes().items()
        if (lines := (node.end_lineno or 0) - node.lineno + 1) > 300 or len(methods_of(node)) > 40
    }
    assert large == {}


def test_no_two_classes_have_one_name() -> None:
    names = Counter(name.rpartition(".")[2] for name in classes())
    assert {name for name, times in names.items() if times > 1} == set()


READS = {
    "engine.text.files": "files",
    "engine.text.owned": "files, once they were found to be this user's",
    "engine.text.parsing": "JSON and TOML",
    "engine.presets.writing": "TOML that was written here",
    "engine.recording.checkpoints": "safetensors, once its table of contents was measured",
    "engine.recording.kept_weights": "weights alone, from a file that is one",
    "engine.sweeps.search": "its own study, once it was found to be this user's",
    "engine.data.columns": "archives, once their sizes were added up",
    "engine.data.source": "gzip, held against its limit while it is unpacked",
    "engine.runs.imported.unpacked": "gzip, held against its limit while it is unpacked",
    "engine.data.arrow": "text, once its encoding was checked, a part at a time",
    "engine.data.picture_files": "pictures, once their pixels were counted",
    "engine.training.machine": "what the kernel says of the processor",
    "engine.runs.processes": "what the kernel says of processes",
    "tui.dialogs.dialog": "a style sheet of its own",
    "tui.panes.setup.form": "a style sheet of its own",
    "tui.panes.setup.pane": "a style sheet of its own",
}
"""Who reads or parses what may be anybody's, and what: everybody else asks these."""

READERS = {
    *("tomllib.loads", "tomllib.load", "tomlkit.parse", "json.loads", "json.load"),
    *("np.load", "np.fromfile", "np.lib.format.read_array", "torch.load", "safe_open"),
    *(
        "pyarrow.parquet.ParquetFile",
        "open_csv",
        "gzip.GzipFile",
        "pickle.loads",
        "pickle.load",
        "os.fdopen",
        "open",
    ),
}
METHODS = (".read_text", ".read_bytes")
MODES = {"r", "rb", "rt"}


def reads(module: str) -> Iterator[str]:
    """Yield what a module calls that reads a file, or parses what stands in one."""
    for node in ast.walk(tree_of(module)):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            told = {each.value for each in node.args if isinstance(each, ast.Constant)}
            writes = any(isinstance(each, str) and set(each) & set("wax") for each in told)
            opens = called.endswith(".open") and told & MODES
            if opens or (called in READERS and not writes) or called.endswith(METHODS):
                yield f"{called} in line {node.lineno}"


def test_whoever_reads_what_may_be_anybodys_does_so_within_limits() -> None:
    elsewhere = {module: [*reads(module)] for module in FILES if module not in READS}
    assert {module: calls for module, calls in elsewhere.items() if calls} == {}


def test_every_application_looks_at_what_it_draws() -> None:
    """Whatever draws is of the one that lets nothing through which could act on a terminal."""
    applications = [
        name
        for name, node in classes().items()
        if any(
            ast.unparse(base).partition("[")[0] in ("App", "textual.app.App") for base in node.bases
        )
    ]
    assert applications == ["tui.terminal.harmless.HarmlessApp"]


MAKES = {
    "engine.text.owned": "files and folders of one user",
    "engine.presets.writing": "the folder of a preset that is saved, as the umask says",
    "engine.results.asked_rows": "what comes on standard input, in a folder that goes again",
    "engine.runs.folder": "what lies above the folder of runs",
    "engine.gradients.compiled.building": "what is compiled, in a folder of the cache",
    "engine.gradients.compiled.cache": "a folder that is looked at before it is used",
    "engine.notices.watched": "the folder of this user's state, with a mode that is said",
    "tui.lecture.presenting": "the folder of runs, with a mode that is said",
    "tui.lab.opening": "the folder of this user's state, with a mode that is said",
}
"""Who makes files or folders, and which: everybody else asks these, so that a run is private."""


def makes(module: str) -> Iterator[str]:
    """Yield what a module calls that may make a file or a folder."""
    for node in ast.walk(tree_of(module)):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            told = {each.value for each in node.args if isinstance(each, ast.Constant)}
            writes = any(isinstance(each, str) and re.fullmatch("[wax]b?", each) for each in told)
            opens = called == "open" or called.endswith(".open")
            makers = (".mkdir", ".makedirs", ".touch", ".write_text", ".write_bytes")
            if (opens and writes) or called.endswith(makers) or "O_CREAT" in ast.unparse(node):
                yield f"{called} in line {node.lineno}"


def test_whoever_makes_files_makes_them_for_this_user_alone() -> None:
    elsewhere = {module: [*makes(module)] for module in FILES if module not in MAKES}
    assert {module: calls for module, calls in elsewhere.items() if calls} == {}
