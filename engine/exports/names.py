"""What the formats are called: all that a command must know before anything is loaded."""

from __future__ import annotations

from typing import Literal

FormatName = Literal[
    "csv",
    "parquet",
    "tensorboard",
    "safetensors",
    "torch",
    "onnx",
    "html",
    "svg",
    "asciicast",
    "gif",
]
"""What ``--to`` takes; each is an entry of ``formats.py``."""
