"""An export is private, takes nobody's place, and where it cannot be written one line says why and nothing is left."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.small_disk import small_disk
from tui.export.file import ExportError, write_export
from tui.export.name import export_stem


def test_only_the_reader_can_read_it_and_its_folder(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        path = write_export(tmp_path / "a/b", "name", "csv", b"body")
    finally:
        os.umask(before)
    assert path.read_bytes() == b"body" and path.name == "name.csv"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == path.parent.parent.stat().st_mode & 0o777 == 0o700


def test_nothing_is_ever_replaced_not_even_what_a_link_leads_to(tmp_path: Path) -> None:
    target = tmp_path / "elsewhere"
    (tmp_path / "name-2.csv").symlink_to(target)
    (tmp_path / "name-4.csv").mkdir()
    written = [write_export(tmp_path, "name", "csv", str(number).encode()).name for number in range(3)]
    assert written == ["name.csv", "name-3.csv", "name-5.csv"]
    assert not target.exists() and (tmp_path / "name.csv").read_bytes() == b"0"


def test_a_folder_that_cannot_be_is_told_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ExportError, match=r"file/x: Not a directory$"):
        write_export(tmp_path / "file/x", "name", "csv", b"")
    with pytest.raises(ExportError, match="name one as export_dir"):
        write_export(Path("~/x"), "name", "csv", b"")


def test_on_a_full_disk_nothing_is_left(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from tui.export.file import ExportError, write_export\n"
        "try: write_export(Path(sys.argv[1]) / 'x', 'name', 'csv', b'x' * 3_000_000)\n"
        "except ExportError as error: print(error)"
    )
    with small_disk(tmp_path, 1_000_000) as disk:
        command = [*disk.enter, sys.executable, "-c", code, str(disk.folder)]
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        assert told == f"{disk.folder}/x/name.csv: No space left on device\n"
        assert list((disk.outside / "x").iterdir()) == []


@pytest.mark.parametrize(
    ("of", "source", "stem"),
    [
        ("SPX-2026-01-02", "MOCK", "SPX-2026-01-02_20260102-100324.149_MOCK_grid"),
        ("BRK.B-2026-01-02", "TEST localhost", "BRK.B-2026-01-02_20260102-100324.149_TEST-localhost_grid"),
        ("^VIX", "SOURCE ?", "^VIX_20260102-100324.149_SOURCE_grid"),
        ("../../etc", "TEST ../x\x1b[31m", "..-..-etc_20260102-100324.149_TEST-..-x-31m_grid"),
        ("/", "", "unknown_20260102-100324.149_unknown_grid"),
    ],
)
def test_a_name_says_what_of_when_and_whose(of: str, source: str, stem: str) -> None:
    assert export_stem(of, 1_767_366_204.149389, source, "grid") == stem
    assert "/" not in stem
