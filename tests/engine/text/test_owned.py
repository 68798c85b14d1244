"""Who may read what is made, and that nobody else's files are acted on."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from engine.text.files import replace_file
from engine.text.owned import (
    BITS,
    Share,
    by_umask,
    create,
    ensure_folder,
    make_folder,
    open_own,
    open_to_append,
    share_folder,
)
from tests.users import another_user, as_root, umask

MODES: list[tuple[Share, int, int]] = [
    ("nobody", 0o700, 0o600),
    ("group", 0o750, 0o640),
    ("all", 0o755, 0o644),
]


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
@pytest.mark.parametrize(("share", "of_folder", "of_file"), MODES)
def test_what_is_made_is_as_readable_as_its_folder_whatever_the_umask(
    share: Share, of_folder: int, of_file: int, mask: int, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    with umask(mask):
        make_folder(folder, BITS[share])
        os.close(create(folder / "made"))
        os.close(open_to_append(folder / "grows"))
        os.close(open_to_append(folder / "grows"))
        replace_file(folder / "replaced", b"old")
        replace_file(folder / "replaced", b"new")
        replace_file(folder / "own", b"", shared=0)
        ensure_folder(folder / "inner")
        ensure_folder(folder / "inner")
    assert mode(folder) == of_folder
    assert {mode(folder / name) for name in ("made", "grows", "replaced")} == {of_file}
    assert (mode(folder / "own"), mode(folder / "inner")) == (0o600, 0o700)


def test_what_was_made_before_stays_as_it_is(tmp_path: Path) -> None:
    for name in ("grows", "replaced"):
        (tmp_path / name).touch()
        (tmp_path / name).chmod(0o604)
    os.close(open_to_append(tmp_path / "grows"))
    replace_file(tmp_path / "replaced", b"new")
    assert {mode(tmp_path / name) for name in ("grows", "replaced")} == {0o604}


def test_a_folder_that_hands_its_group_on_does_so_when_it_is_shared(tmp_path: Path) -> None:
    tmp_path.chmod(0o2750)
    make_folder(tmp_path / "shared", BITS["group"])
    assert mode(tmp_path / "shared") == 0o2750


@pytest.mark.parametrize(("mask", "left"), [(0o000, 0o066), (0o022, 0o044), (0o027, 0o040)])
def test_a_file_that_is_no_runs_is_made_as_the_umask_says(
    mask: int, left: int, tmp_path: Path
) -> None:
    with umask(mask):
        assert by_umask() == left
        replace_file(tmp_path / "preset.toml", b"", shared=by_umask())
        assert mode(tmp_path / "preset.toml") == 0o600 | left
        assert os.umask(mask) == mask


def test_no_link_is_followed_and_nothing_waits_for_a_pipe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside = tmp_path / "outside"
    outside.write_text("as it was")
    (tmp_path / "link").symlink_to(outside)
    (tmp_path / "places").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    for flags in (os.O_RDONLY, os.O_WRONLY | os.O_APPEND, os.O_RDWR):
        with pytest.raises(OSError, match="is a link, and none is followed here"):
            open_own(tmp_path / "link", flags)
    with pytest.raises(OSError, match="is no file"):
        open_own(tmp_path / "pipe", os.O_RDONLY)
    with pytest.raises(OSError, match="is a link"):
        open_to_append(tmp_path / "link")
    with pytest.raises(FileExistsError):
        create(tmp_path / "link")
    with pytest.raises(OSError, match="is a link"):
        ensure_folder(tmp_path / "places")
    with pytest.raises(FileExistsError):
        ensure_folder(outside)
    (tmp_path / "private").mkdir(mode=0o700)
    (tmp_path / "shared").symlink_to(tmp_path / "private")
    share_folder(tmp_path / "shared", BITS["all"])
    with monkeypatch.context() as meanwhile:
        # A link that takes the folder's place once it was looked at.
        meanwhile.setattr(Path, "lstat", Path.stat)
        with pytest.raises(OSError, match=r"private|shared"):
            share_folder(tmp_path / "shared", BITS["all"])
    assert mode(tmp_path / "private") == 0o700
    replace_file(tmp_path / "link", b"its own")
    assert outside.read_text() == "as it was"
    assert not (tmp_path / "link").is_symlink()


@as_root
def test_what_belongs_to_another_user_is_not_acted_on(common_place: Path) -> None:
    common_place.chmod(0o777)
    with another_user():
        (common_place / "theirs").touch(0o666)
        (common_place / "folder").mkdir()
    with pytest.raises(OSError, match="belongs to nobody, another user"):
        open_own(common_place / "theirs", os.O_RDONLY)
    with pytest.raises(OSError, match="belongs to nobody, another user"):
        ensure_folder(common_place / "folder")
    # Whoever works in another's folder, as an administrator does, works for that one.
    os.close(open_own(common_place / "theirs", os.O_RDONLY, common_place / "folder"))


@as_root
def test_what_root_left_there_is_acted_on(common_place: Path) -> None:
    os.close(create(common_place / "roots", shared=0o044))
    with another_user():
        os.close(open_own(common_place / "roots", os.O_RDONLY))
