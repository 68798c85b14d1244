"""The formats that a run can be exported in, an entry each.

To add one, write its file, add its entry here and its name to ``names.py``: an entry that lacks a
part, or a name that has no entry, fails on import. What a format needs beyond epochal is
imported where it is used, so that the others work without it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, get_args

from . import (
    csv_tables,
    of_screen,
    onnx_network,
    page,
    parquet_table,
    safetensors_file,
    slide,
    tensorboard_log,
    torch_program,
)
from .export import ExportFormat
from .names import FormatName

FORMATS: Final[Mapping[FormatName, ExportFormat]] = {
    "csv": ExportFormat(
        ending=".csv",
        modules=(),
        extra="",
        files=csv_tables.files,
    ),
    "parquet": ExportFormat(ending=".parquet", modules=(), extra="", files=parquet_table.files),
    "tensorboard": ExportFormat(ending="", modules=(), extra="", files=tensorboard_log.files),
    "safetensors": ExportFormat(
        ending=".safetensors", modules=(), extra="", files=safetensors_file.files
    ),
    "torch": ExportFormat(ending=".pt2", modules=(), extra="", files=torch_program.files),
    "onnx": ExportFormat(
        ending=".onnx", modules=("onnx",), extra="export", files=onnx_network.files
    ),
    "html": ExportFormat(ending=".html", modules=(), extra="", files=page.files),
    "svg": ExportFormat(ending=".svg", modules=(), extra="", files=slide.files, takes=("seconds",)),
    "asciicast": ExportFormat(
        ending=".cast",
        modules=(),
        extra="",
        files=of_screen.files_of("asciicast"),
        takes=("seconds", "size"),
    ),
    "gif": ExportFormat(
        ending=".gif",
        modules=("PIL",),
        extra="export",
        files=of_screen.files_of("gif"),
        takes=("seconds", "size"),
    ),
}
"""Every format by what ``--to`` calls it."""

if [*FORMATS] != [*get_args(FormatName)]:
    raise TypeError(f"FormatName and FORMATS name other formats: {get_args(FormatName)}")
