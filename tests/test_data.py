"""The recorded chains in the repository: cut as ORIGIN.md says, small, and beside their licences."""

import gzip
from pathlib import Path

import pytest

from tests.support.cut_captures import cut_file
from tests.support.places import CAPTURES, DATA

COMMITTED = sorted((DATA / "captures").glob("*.jsonl.gz"))
LARGEST_BYTES = 1_500_000


@pytest.mark.parametrize("path", COMMITTED, ids=lambda path: path.name.partition(".")[0])
def test_a_capture_is_the_cut_of_the_whole_one(path: Path) -> None:
    """Where the whole ones are not at hand, what was cut stays as it is when it is cut again."""
    with gzip.open(path) as lines:
        assert cut_file(CAPTURES / path.name) == lines.read()


def test_data_of_others_are_small_and_licensed() -> None:
    files = [path for path in DATA.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < LARGEST_BYTES
    unlicensed = {path.parent for path in files} - {path.parent for path in files if path.name.startswith("LICENSE.")}
    assert unlicensed == {DATA}
    origin = (DATA / "ORIGIN.md").read_text(encoding="utf-8")
    named = {path.name.removesuffix(".jsonl.gz") for path in files} - {"ORIGIN.md"}
    assert [name for name in named if f"`{name}`" not in origin] == []
