"""Lines of product code: ``python -m benchmarks.lines [REVISION]``.

Counted are the lines of ``engine/`` and ``tui/`` that hold code: a line with at least one token
that is no comment and no part of a docstring (nor of the string under a constant or a field, which
says what it is). Blank lines, comments and docstrings are free, so that explaining costs nothing;
a statement over five lines counts five.

    python -m benchmarks.lines            a line a package, and both together
    python -m benchmarks.lines v1.2.0     the same of another revision, and the ratio
"""

from __future__ import annotations

import ast
import io
import subprocess
import sys
import tokenize
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PRODUCT = ("engine", "tui")

SILENT = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENCODING,
    tokenize.ENDMARKER,
}


def main() -> None:
    """Print the lines of each package, and what they are of those of another revision."""
    now = count(here())
    print_table(now)
    if len(sys.argv) > 1:
        then = count(of_revision(sys.argv[1]))
        print(f"{sys.argv[1]}: {total(then):,} lines; now {total(now) / total(then):.1%} of them")


def print_table(lines: Counter[str]) -> None:
    """Print a line a package."""
    for package, number in sorted(lines.items()):
        print(f"{number:8,}  {package}")
    print(f"{total(lines):8,}  together")


def total(lines: Counter[str]) -> int:
    return sum(lines.values())


def count(sources: Iterable[tuple[Path, str]]) -> Counter[str]:
    """Return the lines of code of each package, and of each module beside the packages."""
    found: Counter[str] = Counter()
    for path, source in sources:
        found["/".join(path.parts[:2])] += code_lines(source)
    return found


def code_lines(source: str) -> int:
    """Return how many lines of a source hold code."""
    quiet = set(described(ast.parse(source)))
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in SILENT:
            lines.update(range(token.start[0], token.end[0] + 1))
    return len(lines - quiet)


def described(tree: ast.AST) -> Iterator[int]:
    """Yield the lines of strings that stand alone: docstrings, and those under a name."""
    for node in ast.walk(tree):
        match node:
            case ast.Expr(value=ast.Constant(value=str())) if node.end_lineno is not None:
                yield from range(node.lineno, node.end_lineno + 1)


def here() -> Iterator[tuple[Path, str]]:
    """Yield the sources of the work tree."""
    for package in PRODUCT:
        for path in sorted((ROOT / package).rglob("*.py")):
            yield path.relative_to(ROOT), path.read_text("utf-8")


def of_revision(revision: str) -> Iterator[tuple[Path, str]]:
    """Yield the sources of a revision."""
    names = git("ls-tree", "-r", "--name-only", revision, "--", *PRODUCT).splitlines()
    for name in names:
        if name.endswith(".py"):
            yield Path(name), git("show", f"{revision}:{name}")


def git(*arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=True
    )
    return done.stdout


if __name__ == "__main__":
    main()
