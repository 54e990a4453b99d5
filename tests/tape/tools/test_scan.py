"""Going through a damaged tape: whatever is whole is found, behind whatever is not, without many queries in vain."""

import random
from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest

from tape.store.file import TapeFile
from tape.tools.scan import Damage, moments
from tests.support.tapes import recording, write

PAGE = 2048


class Counted(TapeFile):
    """Counts its queries."""

    queries = 0

    def rows(self, sql: str, *values: object) -> Iterator[tuple[object, ...]]:
        self.queries += 1
        return super().rows(sql, *values)

    def whole_rows(self, sql: str, *values: object) -> list[tuple[object, ...]] | None:
        self.queries += 1
        return super().whole_rows(sql, *values)


@pytest.fixture(scope="module")
def long_tape(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """6000 looks in the order of their pages, and hardly anything else."""
    return write(tmp_path_factory.mktemp("scan") / "a.tape", recording(6000, every=2000)).read_bytes()


def found_on(path: Path, raw: bytes) -> tuple[list[int], list[Damage], int]:
    path.write_bytes(raw)
    damages: list[Damage] = []
    with closing(Counted(path)) as tape:
        return [one.id for one in moments(tape, damages.append)], damages, tape.queries


def without(raw: bytes, *pages: int) -> bytes:
    spoilt = bytearray(raw)
    for page in pages:
        spoilt[page * PAGE : (page + 1) * PAGE] = bytes(PAGE)
    return bytes(spoilt)


def test_a_hole_of_thousands_of_rows_hides_nothing_behind_it(tmp_path: Path, long_tape: bytes) -> None:
    pages = len(long_tape) // PAGE
    found, damages, _ = found_on(tmp_path / "a.tape", without(long_tape, *range(pages // 4, pages * 3 // 4)))
    assert found[0] == 1
    assert found[-1] == 6004
    assert 1500 < len(found) < 4500
    assert found == sorted(set(found))
    holes = [one for one, after in pairwise(found) if after != one + 1]
    assert len([damage for damage in damages if damage.what.startswith("moments ")]) == len(holes)


def test_single_pages_in_a_hole_are_found(tmp_path: Path, long_tape: bytes) -> None:
    """However long nothing could be read before them."""
    pages = len(long_tape) // PAGE
    hole = set(range(pages // 4, pages * 3 // 4))
    whole, _, _ = found_on(tmp_path / "a.tape", long_tape)
    none, _, _ = found_on(tmp_path / "a.tape", without(long_tape, *hole))
    dice, gained = random.Random(9), 0
    for kept in dice.sample(sorted(hole), 12):
        one, _, _ = found_on(tmp_path / "a.tape", without(long_tape, *(hole - {kept})))
        assert set(none) <= set(one) <= set(whole)
        gained += len(one) > len(none)
    assert gained > 3


@pytest.mark.parametrize("share", [0.02, 0.1, 0.5, 0.9])
def test_of_a_tape_that_was_cut_short_no_more_is_tried_than_a_few_thousand_rows(
    tmp_path: Path, long_tape: bytes, share: float
) -> None:
    found, damages, queries = found_on(tmp_path / "a.tape", long_tape[: int(len(long_tape) * share)])
    assert queries < 10_000
    assert len(found) > 6004 * share / 3 or share < 0.05
    assert len(damages) < 20
