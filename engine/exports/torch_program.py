"""PyTorch's own file of a program, ``.pt2``: a network that takes rows as they come.

    people.pt2           torch.export.load("people.pt2").module()(rows), rows [rows, columns]
    people.columns.json  what the columns are, a category's codes among them, and what it answers

It needs neither epochal nor the file it learned from. The table lies in it as well, as its extra
file ``epochal.json``.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from functools import partial
from typing import BinaryIO, Final

from ..errors import RequestError
from ..results.run import LoadedRun
from ..text.safe import plain
from .answers import about, answer_of
from .export import Export, ExportFile

TAKES: Final = (
    "float64 [rows, columns]: numbers, 0 or 1 for a truth value, the place of a category's value "
    "among its values (their count for any other), and NaN where there is none"
)
"""What the program takes."""


def files(export: Export) -> Iterator[ExportFile]:
    """Yield the program, and the table of its columns beside it."""
    run, path = export.run, export.path
    table = json.dumps({**about(run), "takes": TAKES}, ensure_ascii=False, indent=2)
    yield ExportFile(path, partial(_write, run, table))
    beside = path.with_name(f"{path.stem}.columns.json")
    yield ExportFile(beside, partial(_write_text, table))


def _write(run: LoadedRun, table: str, file: BinaryIO) -> None:
    import torch

    from ..network.raw_network import Probabilities, in_units, raw_network

    said, made = answer_of(run.header), run.preprocessing
    units = in_units(run.scaling.targets)
    answer = Probabilities(said.link, is_pair=said.is_pair) if said.is_probability else units
    network = run.module(raw=False)
    # To be asked, not to be trained on: what it answers needs no gradient.
    whole = raw_network(network, preprocessing=made, row=run.row_shape, answer=answer)
    whole.requires_grad_(False)
    rows = torch.zeros(2, len(made.columns), dtype=torch.float64)
    try:
        with warnings.catch_warnings():
            # What torch deprecates of itself while it does this is nobody's business here.
            warnings.simplefilter("ignore")
            program = torch.export.export(
                whole, (rows,), dynamic_shapes=({0: torch.export.Dim("rows")},)
            )
            torch.export.save(program, file, extra_files={"epochal.json": table})
    except OSError:
        raise
    except Exception as error:
        # Whatever a network of one's own makes of it.
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise RequestError(
            f"{plain(run.header.run)}: its network cannot be exported by torch: {reason}"
        ) from None


def _write_text(text: str, file: BinaryIO) -> None:
    file.write(f"{text}\n".encode("utf-8", "replace"))
