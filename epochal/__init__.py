"""epochal in Python: watch a training loop of your own, train a preset, read a run.

    import epochal

    with epochal.watch(model, optimizer, name="my-net") as run:
        for x, y in loader:
            loss = loss_fn(model(x), y)
            optimizer.zero_grad(); loss.backward(); optimizer.step()
            run.log(loss=loss)

No other name of ours is ever in a script's way: the engine is loaded as a part of this package, so
that ``import engine`` is whatever the script's own folder has under that name.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from engine import __version__
    from engine.experiment.experiment import Experiment
    from engine.headless.in_python import runs, train
    from engine.loops.callbacks import callback
    from engine.loops.loop import Loop
    from engine.loops.recorded import RecordedRun, record
    from engine.loops.viewers import Stopped
    from engine.loops.watch import watch
    from engine.results.run import LoadedRun, load_run

__all__ = [
    "Experiment",
    "LoadedRun",
    "Loop",
    "RecordedRun",
    "Stopped",
    "__version__",
    "callback",
    "load_run",
    "record",
    "runs",
    "train",
    "watch",
]

_ENGINE: Final = f"{__name__}._engine"
"""The name under which the engine is loaded here."""

_HOMES: Final = {
    "Experiment": "experiment.experiment",
    "LoadedRun": "results.run",
    "callback": "loops.callbacks",
    "Loop": "loops.loop",
    "RecordedRun": "loops.recorded",
    "Stopped": "loops.viewers",
    "load_run": "results.run",
    "record": "loops.recorded",
    "runs": "headless.in_python",
    "train": "headless.in_python",
    "watch": "loops.watch",
}
"""Where in the engine each name is."""


def _load_engine() -> None:
    """Load the engine, which lies beside this package, under a name of this package's own.

    Its modules import each other relative to where they are, so that they are found there too.
    """
    folder = Path(__file__).parent.parent / "engine"
    places = [str(folder)]
    spec = importlib.util.spec_from_file_location(
        _ENGINE, folder / "__init__.py", submodule_search_locations=places
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[_ENGINE] = module
    spec.loader.exec_module(module)


_load_engine()


def __getattr__(name: str) -> Any:
    """Load what is wanted when it is wanted: PyTorch is imported by what needs it."""
    if name == "__version__":
        return sys.modules[_ENGINE].__version__
    if name in _HOMES:
        return getattr(importlib.import_module(f"{_ENGINE}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
