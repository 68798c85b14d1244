"""What training takes of the machine that it runs on."""

from __future__ import annotations

from ..pane import ByPicture, Pane

PANE = Pane(
    name="machine",
    label="Machine",
    short="Machine",
    key="9",
    about="what training takes of the machine: processors, memory, threads, the GPU",
    two="left",
    three="left",
    shown=ByPicture(picture=".drawing.lists.machine", view="machine"),
    several=None,
    where="",
    commands=(),
    words=(
        ("processors", "How many processors are busy for whoever trains, over the last second."),
        ("memory", "What its process holds in memory, PyTorch itself among it."),
        ("threads", "How many threads its process has."),
        ("speed", "Steps a second, over the last second."),
        ("GPU", "The share of the time in which the GPU computes, whoever it computes for."),
        ("GPU tensors", "What the tensors of the training take of the GPU's memory."),
        ("GPU reserved", "What PyTorch keeps of the GPU's memory for tensors to come."),
        ("GPU in use", "What everyone together takes of the GPU's memory."),
    ),
)
