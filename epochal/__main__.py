"""``python -m epochal script.py …``: a script that is run as it is, and watched.

``epochal watch`` comes to this, in a process of its own: there no name of ours stands in the way of
the script's.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from . import _ENGINE


def main() -> int:
    """Run a script and return its exit status."""
    parser = argparse.ArgumentParser(
        prog="epochal watch", description="Run a script unchanged, and watch what trains in it."
    )
    parser.add_argument("--name", default="", help="what the run is called; the script's name")
    parser.add_argument("--runs-dir", default=None, help="where runs are kept")
    parser.add_argument(
        "--no-control", action="store_true", help="viewers may not pause, step or stop it"
    )
    parser.add_argument("-m", dest="module", action="store_true", help="run a module, as python -m")
    parser.add_argument("script", help="the script, or the module")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="what the script is told")
    told = sys.argv[1:]
    # As torchrun -m epochal watch script.py: it is watched whether that is said or not.
    if told[:1] == ["watch"] and not Path("watch").exists():
        del told[0]
    asked = parser.parse_args(told)
    from importlib import import_module

    names = ("errors", "loops.own_lines", "loops.script", "text.safe")
    errors, own_lines, script, safe = (import_module(f"{_ENGINE}.{name}") for name in names)
    try:
        return int(
            script.run_script(
                asked.script,
                asked.arguments,
                module=asked.module,
                name=asked.name,
                runs=asked.runs_dir,
                control=not asked.no_control,
            )
        )
    except errors.EpochalError as error:
        print(f"epochal: {safe.plain(str(error))}", file=sys.stderr)
        return 2
    except BaseException as error:
        own_lines.tell_own_lines(error, script.run_script.__code__)
        raise


if __name__ == "__main__":
    sys.exit(main())
