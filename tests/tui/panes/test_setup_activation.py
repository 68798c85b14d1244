"""In the setup, the curve of the activation that is chosen stands where the data was."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.labs import lab_of, make_app, until
from tui.panes.setup.example import DataPicture


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)], ids=str)
async def test_it_is_drawn_while_it_is_chosen_and_turns_with_it(size, tmp_path: Path) -> None:
    app, _ = make_app(tmp_path, preset="two-moons")
    async with app.run_test(size=size) as pilot:
        lab = lab_of(pilot)
        await until(pilot, lambda: lab.setup.ready and lab.query("#model-activation"))
        picture = lab.query_one(DataPicture)
        lab.query_one("#model-activation").focus()
        await until(pilot, lambda: "sigmoid(z)" in picture.text)
        await pilot.press("right")
        await until(pilot, lambda: "sigmoid(z)" not in picture.text and "its slope" in picture.text)
        lab.query_one("#train-seed").focus()
        await until(pilot, lambda: not picture.setting)
        assert not lab.query_one("#catalogue").has_class("-curve")
