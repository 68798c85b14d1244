"""A run whose every text is hostile: to a browser, to a style sheet, to JSON, to a terminal."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from engine.experiment.experiment import Experiment
from engine.presets.preset import resolve
from engine.runs.folder import RunFolder
from tests.trained import recorded

MARKER = "hacked"
"""What stands where a text of the run has come to act."""

TEXTS = (
    f"</script><script>document.title='{MARKER}'</script>",
    f"\"'><img src=x onerror=document.title='{MARKER}'>",
    f"]]></style></title><svg onload=document.title='{MARKER}'>",
    f"<a href=javascript:document.title='{MARKER}'>&lt;b&gt;&amp;#60; \u2028\u2029\u202e\u200b",
    "<!-- <![CDATA[ ${alert(1)} `{{ \\u003cscript\\u003e <link rel=stylesheet href=//x.example>",
)


def hostile_experiment(folder: Path) -> Experiment:
    """Return an experiment on a file of two columns and two classes, all with hostile names."""
    columns, classes = TEXTS[:2], TEXTS[2:4]
    path = folder / "people <b>.csv"
    rng = np.random.default_rng(0)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*columns, "<i>class</i>"])
        for row, point in enumerate(rng.normal(size=(40, 2))):
            writer.writerow([*point, classes[row % 2]])
    data = {"kind": "file", "path": str(path), "task": "classes", "split": [0.5, 0.25, 0.25]}
    data |= {"inputs": [*columns], "targets": ["<i>class</i>"]}
    marks = [
        {"at": {"step": step}, "title": TEXTS[step], "note": TEXTS[4 - step]} for step in (1, 2)
    ]
    loss = {"loss": {"name": "binary_cross_entropy_with_logits"}}
    tables = {"title": TEXTS[0], "about": "\n".join(TEXTS), "data": data, **loss, "marks": marks}
    return resolve({**tables, "train": {"steps": 30}}, "hostile", recorded=True)


def hostile_run(folder: Path) -> RunFolder:
    """Train and record it, in a folder with a hostile name."""
    name = "<img src=x onerror=alert(1)>&'\""
    return recorded(hostile_experiment(folder), folder / name)[0]
