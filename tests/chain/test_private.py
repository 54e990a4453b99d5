"""Folders and files of the user alone, whatever the umask and whatever was there before."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from chain.private import make_folder, open_private, private_folder

UMASKS = (0o000, 0o022, 0o077, 0o277, 0o777)


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("mask", UMASKS)
def test_every_folder_made_is_closed_and_those_above_stay(tmp_path: Path, mask: int) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there").chmod(0o755)
    with umask(mask):
        make_folder(tmp_path / "there/a/b")
    assert [mode(tmp_path / name) for name in ("there", "there/a", "there/a/b")] == [0o755, 0o700, 0o700]
    make_folder(tmp_path / "there/a/b")


@pytest.mark.parametrize("mask", UMASKS)
@pytest.mark.parametrize("before", [0o777, 0o750, 0o701, 0o700, None])
def test_a_folder_of_our_own_is_closed_also_where_it_was_open(tmp_path: Path, mask: int, before: int | None) -> None:
    folder = tmp_path / "own"
    if before is not None:
        folder.mkdir()
        folder.chmod(before)
    with umask(mask):
        private_folder(folder)
    assert mode(folder) == 0o700


@pytest.mark.parametrize("mask", UMASKS)
@pytest.mark.parametrize("before", [0o666, 0o640, None])
def test_a_file_is_closed_also_where_it_was_open(tmp_path: Path, mask: int, before: int | None) -> None:
    path = tmp_path / "file"
    if before is not None:
        path.write_text("longer than what follows")
        path.chmod(before)
    with umask(mask), os.fdopen(open_private(path), "w") as file:
        file.write("new")
        assert mode(path) == 0o600
    assert path.read_text() == "new"
    with os.fdopen(open_private(path, os.O_APPEND), "w") as file:
        file.write("er")
    assert path.read_text() == "newer"


def test_what_cannot_be_made_is_an_error_of_the_system(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    for made in (make_folder, private_folder):
        with pytest.raises(OSError):
            made(tmp_path / "file" / "below")
    with pytest.raises(FileNotFoundError):
        open_private(tmp_path / "none" / "file")
