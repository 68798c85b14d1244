"""Logs as their own programs write them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.scalar.summary import scalar_pb
from tensorboard.summary.writer.event_file_writer import EventFileWriter

LIGHTNING = """epoch,lr-SGD,step,train_acc,train_loss_epoch,train_loss_step,val_acc,val_loss
,0.1,0,,,,,
0,,4,,,0.9,,
0,,9,,,0.8,,
0,,9,,,,0.5,0.85
0,,9,0.6,0.85,,,
,0.05,10,,,,,
1,,14,,,0.7,,
1,,19,,,0.6,,
1,,19,,,,0.7,0.65
1,,19,0.7,0.65,,,
"""
"""What Lightning 2's CSVLogger and LearningRateMonitor write: training and validation on lines of
their own."""

KERAS = """epoch,accuracy,learning_rate,loss,val_accuracy,val_loss
0,0.5,0.01,0.9,0.4,1.0
1,0.6,0.01,0.7,0.5,0.9
2,0.7,0.01,nan,0.55,0.8
"""
"""What Keras 3's CSVLogger writes."""

Number = tuple[str, int, float]
"""A tag, a step and a value."""


def event_file(folder: Path, numbers: Iterable[Number], *, new_style: bool = False) -> Path:
    """Return an event file of TensorBoard's own writer; numbers are logged a second apart."""
    writer = EventFileWriter(str(folder))
    path = Path(writer._file_name) if hasattr(writer, "_file_name") else None
    for at, (tag, step, value) in enumerate(numbers):
        summary = (
            scalar_pb(tag, value)
            if new_style
            else Summary(value=[Summary.Value(tag=tag, simple_value=value)])
        )
        writer.add_event(Event(wall_time=1e9 + at, step=step, summary=summary))
    writer.close()
    return path or max(folder.glob("*tfevents*"))
