"""The row that says where the next run trains."""

from __future__ import annotations

from ...setup.settings import Option, Setting
from ...setup.values import Leaf
from ...style.look import Look
from .field import ChoiceField
from .messages import DEVICE_KEY, Heard
from .rows import OneRow

DEVICE = Setting(
    path=(DEVICE_KEY,),
    key=DEVICE_KEY,
    label="device",
    help="Where the next run trains; it is no part of the experiment.",
    leaf=Leaf("choice"),
    options=(
        Option("auto", "CUDA where a step is large enough to be worth it, else the CPU."),
        Option("cpu", "The processor."),
        Option("cuda", "The first GPU."),
        *(Option(f"cuda:{index}", f"GPU number {index}, counted from 0.") for index in range(1, 8)),
    ),
)


class DeviceRow(OneRow):
    """Where the next run trains: no draft knows of it."""

    def __init__(self) -> None:
        super().__init__(DEVICE)

    def show_device(self, device: str, look: Look, heard: Heard) -> None:
        """Show where that is; one that is none of the usual can be chosen again.

        Args:
            device: Where.
            look: What it is shown with.
            heard: What the lab knows of what was chosen.
        """
        field = self.fields[DEVICE_KEY]
        assert isinstance(field, ChoiceField)
        field.glyphs = look.glyphs
        if device not in {option.value for option in DEVICE.options}:
            field.own = device
        if field.change <= heard.get(DEVICE_KEY, 0):
            field.show(device)
        self.show_changed(look, changed=False)
