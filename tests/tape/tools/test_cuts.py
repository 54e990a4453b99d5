"""A part of a tape shows what the whole one shows: each of its looks is the very Board that the watcher made."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.monitor.board import Board
from tape.play.player import Player
from tape.store.file import TapeFile
from tape.tools.ndjson import payloads
from tape.tools.verify import verify
from tape.tools.write import cut, merge
from tests.support.scenes import law
from tests.support.tapes import instant
from tests.support.watched import LABEL, Watched, taped

SECONDS = 120


def watched() -> Watched:
    """Return two minutes of a watcher: chains fall silent, Redis is lost, and for a while nobody looks."""
    return Watched(every=7, silent=range(40, 90), lost=range(60, 64), unseen=range(100, 106)).run(SECONDS)


@pytest.fixture(scope="module", params=[True, False], ids=["with states", "without states"])
def whole(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> tuple[Path, list[Board]]:
    lived = watched()
    return taped(tmp_path_factory.mktemp("cut") / "a.tape", lived, states=request.param), lived.boards


def boards_of(path: Path) -> list[Board]:
    with TapeFile(path) as tape:
        assert verify(tape).sound
        player = Player(tape, LABEL)
        return [player.at(number).board for number in range(len(player))]


def exported(path: Path) -> list[tuple[int, str, bytes]]:
    with TapeFile(path) as tape:
        return list(payloads(tape, lambda damage: pytest.fail(damage.what)))


@law
@given(begin=st.integers(0, SECONDS - 1), looks=st.integers(1, 30))
def test_each_look_of_a_cut_shows_what_it_showed(
    tmp_path_factory: pytest.TempPathFactory, whole: tuple[Path, list[Board]], begin: int, looks: int
) -> None:
    path, lived = whole
    out = tmp_path_factory.mktemp("out") / "b.tape"
    seconds = [second for second in range(SECONDS) if second not in range(100, 106)]
    numbers = [number for number, second in enumerate(seconds) if begin <= second < begin + looks]
    if not numbers:
        return
    assert cut(path, instant(begin).wall_ns, instant(begin + looks).wall_ns, out) == len(numbers)
    assert boards_of(out) == [lived[number] for number in numbers]
    again = out.with_name("c.tape")  # a cut of a cut is one of the whole
    cut(out, instant(0).wall_ns, instant(SECONDS).wall_ns, again)
    assert boards_of(again) == [lived[number] for number in numbers]
    assert set(exported(again)) == set(exported(out)) <= set(exported(path))


def test_parts_that_are_joined_again_show_what_the_whole_showed(
    tmp_path: Path, whole: tuple[Path, list[Board]]
) -> None:
    path, lived = whole
    parts = [tmp_path / f"{begin}.tape" for begin in range(0, SECONDS, 40)]
    for part in parts:
        begin = int(part.stem)
        cut(path, instant(begin).wall_ns, instant(begin + 40).wall_ns, part)
    merge(parts[::-1], tmp_path / "b.tape")
    assert boards_of(tmp_path / "b.tape") == lived
