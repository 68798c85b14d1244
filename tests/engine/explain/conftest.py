"""A file of people, with columns of every kind, for programs that read it."""

from __future__ import annotations

from pathlib import Path

import pytest

PEOPLE = "\n".join(
    [
        "age,height,job,smoker,joined,seen,patient,set,ill,cost",
        *(
            f"{'?' if n % 11 == 3 else 20 + n % 37},{'1.' + str(50 + n % 31) if n % 7 else ''},"
            f"{('clerk', ' nurse', 'cook', '')[n % 4]},{('yes', 'No', 'Y', 'f')[n % 4]},"
            f"{f'{1 + n % 28}.{1 + n % 12}.20{10 + n % 9}' if n % 9 else ''},"
            f"2020-01-{1 + n % 28:02}T0{n % 9}:30:00+0{n % 3}00,p{n % 17},"
            f"{('train', 'dev', 'train', 'test', 'train')[n % 5]},{'TF'[n % 2]},{n / 8}"
            for n in range(60)
        ),
        ",,,,,,,,,",
    ]
)


@pytest.fixture
def people_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder that one is in, with the file."""
    (tmp_path / "people.csv").write_text(PEOPLE, "utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path
