"""The package ``epochal``: no other name of ours is in anybody's way, and it is there at once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import epochal

ROOT = Path(__file__).parent.parent

OWN_ENGINE = """
def train_one_epoch():
    return "the script's own"
"""

LOOP = """
import torch
net = torch.nn.Linear(2, 1)
optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
if __name__ == "__main__":
    with epochal.watch(net, optimizer, name="theirs", runs="runs") as run:
        for _ in range(3):
            optimizer.zero_grad()
            net(torch.ones(4, 2)).sum().backward()
            optimizer.step()
            run.log(loss=1.0)
    print(run.step, engine.train_one_epoch(), tui.draw())
"""

ORDERS = {
    "before": "import engine, tui\nimport epochal\n",
    "after": "import epochal\nepochal.watch\nimport engine, tui\n",
    "none of ours": "import epochal, sys\nepochal.watch\n"
    "assert not {'engine', 'tui', 'textual', 'pydantic'} & {*sys.modules}\nimport engine, tui\n",
}

SPAWNED = """
import epochal, engine
import torch, torch.utils.data as data

class Rows(data.Dataset):
    def __len__(self):
        return 4

    def __getitem__(self, index):
        return len(engine.train_one_epoch()) + index

if __name__ == "__main__":
    net = torch.nn.Linear(1, 1)
    with epochal.watch(net, torch.optim.SGD(net.parameters()), name="theirs", runs="runs"):
        loader = data.DataLoader(Rows(), num_workers=1, multiprocessing_context="spawn")
        print(sum(int(each) for each in loader), engine.train_one_epoch())
"""


def script(folder: Path, text: str) -> str:
    """Run a script beside modules of its own that are called as ours are."""
    (folder / "engine.py").write_text(OWN_ENGINE)
    (folder / "tui.py").write_text("def draw():\n    return 'drawn'\n")
    (folder / "script.py").write_text(text)
    # As the package is found where it is installed: behind the script's own folder.
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "script.py"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
def test_a_script_has_its_own_engine_whenever_it_imports_it(tmp_path: Path, order: str) -> None:
    assert script(tmp_path, order + LOOP) == "3 the script's own drawn"
    assert [each.name[:7] for each in (tmp_path / "runs").iterdir()] == ["theirs-"]


def test_processes_that_load_data_have_it_too(tmp_path: Path) -> None:
    text = SPAWNED
    assert script(tmp_path, text) == f"{4 * 16 + 6} the script's own"


@pytest.mark.parametrize("name", epochal.__all__)
def test_every_name_is_there(name: str) -> None:
    assert getattr(epochal, name)
    assert name in dir(epochal)


def test_any_other_is_refused_by_name() -> None:
    with pytest.raises(AttributeError, match="'wacht'"):
        _ = epochal.wacht
