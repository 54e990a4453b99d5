"""A damaged tape on screen: what cannot be read is told in its place and time, and all the rest is shown."""

import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from chain.clock import Instant
from chain.monitor.watch.port import PollAnswer, PollRequest
from tape.errors import DamagedError
from tape.play.boards import boards
from tape.play.player import Player
from tape.play.reader import TapeReader
from tape.store.facts import Fact, FactKind
from tape.store.file import TapeFile
from tape.store.rows import EARLIEST_NS, LATEST_NS
from tape.tools.verify import verify
from tests.support.scenes import START_NS
from tests.support.tapes import moment, recording, write
from tests.support.watched import CHAINS, LABEL, Watched, taped

LOOKS = 30


def spoil(path: Path, sql: str) -> None:
    with sqlite3.connect(path) as connection:
        assert connection.execute(sql).rowcount == 1
    connection.close()


@pytest.mark.parametrize(
    ("sql", "unread"),
    [
        ("UPDATE moments SET sum = sum + 1 WHERE id = (SELECT min(id) + 4 FROM moments WHERE begins)", 3),
        ("UPDATE moments SET sum = sum + 1 WHERE id = (SELECT min(id) FROM moments WHERE begins)", 0),
    ],
)
def test_a_damaged_look_is_lost_alone_and_is_of_its_own_time(tmp_path: Path, sql: str, unread: int) -> None:
    path = write(tmp_path / "a.tape", recording(LOOKS))
    spoil(path, sql)
    with TapeFile(path) as tape:
        player = Player(tape)
        shown = [player.at(number) for number in range(LOOKS)]
    assert [played.number for played in shown if not played.board.redis.health.ok] == [unread]
    for number, played in enumerate(shown):
        assert played.now.wall_s == pytest.approx(START_NS / 1e9 + number, abs=0.1)


@pytest.mark.parametrize("forged", [float("inf"), 1e300])
def test_a_monotonic_clock_that_no_machine_shows_is_damage(tmp_path: Path, forged: float) -> None:
    """Its checksum is right."""
    told = recording(LOOKS)
    begun = [number for number, one in enumerate(told) if one.begins]
    at = begun[3]
    asked = Instant(told[at].asked.wall_ns, forged)
    path = write(tmp_path / "a.tape", [*told[:at], replace(told[at], asked=asked), *told[at + 1 :]])
    with TapeFile(path) as tape:
        player = Player(tape)
        shown = [player.at(number) for number in range(LOOKS)]
        assert not verify(tape).sound
    lost = [played for played in shown if not played.board.redis.health.ok]
    assert [played.number for played in lost] == [3]
    assert "a monotonic clock at" in lost[0].board.redis.health.error
    assert all(played.now.mono < 1e6 for played in shown)


@pytest.mark.parametrize("number", [0, 3, LOOKS - 1])
@pytest.mark.parametrize("wall_ns", [-(2**63), -1, 0, LATEST_NS + 1, 2**63 - 1])
def test_a_wall_clock_that_no_machine_shows_is_damage_and_hides_no_other_look(
    tmp_path: Path, number: int, wall_ns: int
) -> None:
    told = recording(LOOKS)
    at = [at for at, one in enumerate(told) if one.begins][number]
    forged = Instant(wall_ns, told[at].asked.mono)
    path = write(tmp_path / "a.tape", [*told[:at], replace(told[at], asked=forged, received=forged), *told[at + 1 :]])
    with TapeFile(path) as tape:
        assert "a wall clock at" in verify(tape).damages[0].what
        player = Player(tape)
        shown = [player.at(player.reader.number_at(START_NS + at * 10**9)) for at in range(LOOKS)]
    assert [played.number for played in shown] == [*range(LOOKS)]
    assert [played.number for played in shown if not played.board.redis.health.ok] == [number]
    for played in shown:
        assert played.now.wall_s == pytest.approx(START_NS / 1e9 + played.number, abs=0.1)


def test_the_last_times_that_a_clock_can_show_are_sound(tmp_path: Path) -> None:
    told = recording(3)
    for at, wall_ns in ((-1, LATEST_NS), (-3, EARLIEST_NS)):
        when = Instant(wall_ns, told[at].asked.mono)
        told[at] = replace(told[at], asked=when, received=when)
    with TapeFile(write(tmp_path / "a.tape", told)) as tape:
        assert verify(tape).sound


def test_a_damaged_heartbeat_or_one_of_nobody_known_hides_nothing_else(tmp_path: Path) -> None:
    beats = [
        Fact(FactKind.HEARTBEAT, "mock_massive:heartbeat", None, b"{" * 400),
        Fact(FactKind.HEARTBEAT, "later:heartbeat", None, b"{}"),
    ]
    path = write(tmp_path / "a.tape", [*recording(5), moment(5, *beats), moment(6)])
    spoil(path, "UPDATE packed SET digest = zeroblob(8) WHERE id = (SELECT max(packed) FROM facts)")
    with TapeFile(path) as tape:
        last = [*boards(tape)][-1]
    assert last.redis.health.ok
    assert [word for word in last.redis.limits if "damaged on the tape" in word]


BESIDE = ("asked", "refused", "stream", "server", "skew", "search", "heartbeat")


@pytest.fixture(scope="module")
def watched_tape(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[tuple[int, str]]]:
    """A tape whose looks name what is beside the chains once, at its beginning; those facts by id and kind."""
    path = taped(tmp_path_factory.mktemp("watched") / "a.tape", Watched().run(LOOKS))
    with TapeFile(path) as tape:
        return path, [(fact.id, fact.kind) for fact in tape.facts(1, 2) if fact.kind in BESIDE]


def is_told(player: Player, number: int) -> bool:
    """Return whether a look is told, and all its chains."""
    board = player.at(number).board
    return board.redis.health.ok and all(record.last_good for record in board.chains.records)


@pytest.mark.parametrize("kind", BESIDE)
def test_what_is_said_once_and_damaged_costs_no_look_but_its_own(
    tmp_path: Path, watched_tape: tuple[Path, list[tuple[int, str]]], kind: str
) -> None:
    path = Path(shutil.copy(watched_tape[0], tmp_path))
    numbers = [number for number, of in watched_tape[1] if of == kind]
    for number in numbers:
        spoil(path, f"UPDATE facts SET sum = sum + 1 WHERE id = {number}")
    with TapeFile(path) as tape:
        assert verify(tape).damaged == len(numbers) > 0
        player = Player(tape, LABEL)
        assert all(is_told(player, number) for number in (20, 11, 29, 2, 3))
        reader = TapeReader(tape)
        assert not isinstance(reader.answer(PollRequest(CHAINS)), PollAnswer) or kind == "asked"
        reader.go_to(12)
        jumped = reader.answer(PollRequest(CHAINS))
    assert isinstance(jumped, PollAnswer)
    assert "damaged on the tape" in jumped.refused or kind == "asked"


def test_a_page_that_cannot_be_read_costs_the_looks_whose_facts_stood_there(
    tmp_path: Path, watched_tape: tuple[Path, list[tuple[int, str]]]
) -> None:
    raw = bytearray(watched_tape[0].read_bytes())
    at = raw.index(b'"over":true') // 2048 * 2048  # what was said of the search, and what else was said first
    raw[at : at + 2048] = bytes(2048)
    path = tmp_path / "a.tape"
    path.write_bytes(raw)
    with TapeFile(path) as tape:
        player = Player(tape, LABEL)
        told = [number for number in range(len(player)) if is_told(player, number)]
        with pytest.raises(DamagedError):
            list(tape.facts(1, 2))
    assert 0 not in told
    assert len(told) > LOOKS / 2
