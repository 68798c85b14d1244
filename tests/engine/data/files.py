"""Data files for tests: written where a test works, validated, drawn, refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from engine.data.file import File
from engine.randomness import generator

PEOPLE = "age,height,sex\n31,1.70,f\n42,1.85,m\n17,1.62,f\n65,1.78,m\n"


def written(content: str | bytes, name: str = "data.csv") -> str:
    Path(name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return name


def archive(name: str = "data.npz", **arrays: Any) -> str:
    np.savez(name, **arrays)
    return name


def parquet(columns: dict[str, Any], name: str = "data.parquet") -> str:
    pyarrow = pytest.importorskip("pyarrow")
    pytest.importorskip("pyarrow.parquet").write_table(pyarrow.table(columns), name)
    return name


def file(path: str, task: str = "classes", **settings: Any) -> File:
    return File.model_validate({"path": path, "task": task, **settings})


def drawn(spec: File) -> Any:
    return spec.draw(generator(0, "data"))


def refusal(path: str, task: str = "classes", **settings: Any) -> str:
    """What is said of a file that does not hold."""
    with pytest.raises(ValidationError) as caught:
        file(path, task, **settings)
    (error,) = caught.value.errors()
    return error["msg"].removeprefix("Value error, ")
