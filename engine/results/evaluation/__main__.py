"""A network judged in a process of its own, for a viewer that goes on meanwhile.

    python -m engine.results.evaluation FOLDER MEMBER

prints lines of JSON: what it is at, as it comes to it, and at last the evaluation.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from ...errors import EpochalError
from ...runs.folder import RunFolder
from ..asked_rows import rows_of_set
from ..run import of_folder
from .constant import FRESH
from .evaluation import evaluation, plain_object

WORST: Final = 8
"""How many of the worst rows are named."""


def main(arguments: Sequence[str]) -> int:
    """Judge a network on its test set; the exit status is 2 where that cannot be."""
    folder, member = arguments
    try:
        _say("reading the recording and its data")
        run = of_folder(RunFolder(Path(folder)), member=int(member))
        rows = rows_of_set(run, None, FRESH)
        made = plain_object(evaluation(run, rows, WORST, None, _say))
    except EpochalError as error:
        print(error, file=sys.stderr)
        return 2
    _print({"evaluation": made})
    return 0


def _say(doing: str) -> None:
    _print({"doing": doing})


def _print(line: dict[str, Any]) -> None:
    print(json.dumps(line, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
