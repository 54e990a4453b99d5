"""What pointers led to, look by look: each change once, in order, from any instant on."""

import sqlite3
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tape.store.facts import Fact, FactKind, MomentKind
from tape.store.file import TapeFile
from tape.store.words import PayloadWords, RecheckWords, put
from tape.tools.looks import Look, looks
from tape.tools.scan import Damage
from tests.support.replays import fetched, key_at, pointer, tape_of
from tests.support.replays import looks as moments
from tests.support.scenes import NDX, SPX, law
from tests.support.tapes import instant, moment, payload, spoil_value

S, N = str(SPX), str(NDX)


def unread(seconds: float, error: str = "") -> Fact:
    """Return the fact of a payload that was not there, or could not be read."""
    return Fact(FactKind.PAYLOAD, S, put(PayloadWords(key_at(seconds).decode(), error=error)), None)


def told(path: Path, from_s: float = 0.0, *, all_of: bool = False) -> list[Look]:
    """Return the looks of a tape in which something was told."""
    lost: list[Damage] = []
    with TapeFile(path) as tape:
        found = list(looks(tape, instant(from_s).wall_ns, lost.append))
    assert not lost
    return [each for each in found if all_of or each.led or each.gone or each.unusable or each.whole]


def led(look: Look) -> dict[str, tuple[str, bytes]]:
    return {name: (each.key, each.value) for name, each in look.led.items()}


def both(seconds: float) -> dict[str, tuple[str, bytes]]:
    return {str(c): (key_at(seconds, c).decode(), payload(seconds, c)) for c in (SPX, NDX)}


def test_each_payload_is_told_once_byte_for_byte_when_its_look_ended(tmp_path: Path) -> None:
    found = told(tape_of(tmp_path / "a.tape", moments(35)))
    assert [led(look) for look in found] == [both(at) for at in (0, 10, 20, 30)]
    assert [look.at_ns for look in found[1:]] == [instant(at + 0.011).wall_ns for at in (10, 20, 30)]
    assert [look.whole for look in found] == [True, False, False, False]


@pytest.mark.parametrize(("from_s", "first"), [(-100.0, 0), (0.0, 0), (9.999, 0), (10.0, 10), (12.5, 10), (500.0, 30)])
def test_what_stood_at_an_instant_comes_first(tmp_path: Path, from_s: float, first: int) -> None:
    found = told(tape_of(tmp_path / "a.tape", moments(35)), from_s)
    assert found[0].whole
    assert led(found[0]) == both(first)
    assert found[0].at_ns == max(instant(from_s).wall_ns, instant(0).wall_ns)
    assert [led(look) for look in found[1:]] == [both(at) for at in range(first + 10, 31, 10)]


def changed(tmp_path: Path, facts: Mapping[int, list[Fact]]) -> list[Look]:
    return told(tape_of(tmp_path / "a.tape", moments(35, changed=facts)))


def test_a_pointer_that_is_gone_is_told_once_and_its_return_too(tmp_path: Path) -> None:
    back = [pointer(SPX, key_at(10)), fetched(10, SPX)]
    found = changed(tmp_path, {13: [pointer(SPX, None)], 14: [pointer(SPX, None)], 16: back})
    assert [(look.gone, set(look.led)) for look in found[2:4]] == [((S,), set()), ((), {S})]
    assert found[3].led[S].value == payload(10)


def test_a_second_look_at_a_pointer_decides(tmp_path: Path) -> None:
    """MGET answers nothing for a pointer that was moving, and for one of another type: the second look tells."""
    again = Fact(FactKind.RECHECK, S, put(RecheckWords("string")), key_at(10))
    assert [look.gone for look in changed(tmp_path, {13: [pointer(SPX, None), again]})] == [(), (), (), ()]
    listed = Fact(FactKind.RECHECK, S, put(RecheckWords("list")), None)
    [found] = [look for look in changed(tmp_path, {13: [pointer(SPX, None), listed]}) if look.unusable]
    assert found.unusable == {S: "its pointer is a Redis list, not a string"}


UNREAD = {
    "elsewhere": ([pointer(SPX, b"elsewhere")], "its pointer leads to no payload"),
    "gone": ([pointer(SPX, key_at(12)), unread(12)], "its payload was gone"),
    "refused": ([pointer(SPX, key_at(12)), unread(12, "not read")], "not read"),
}


@pytest.mark.parametrize(("facts", "why"), UNREAD.values(), ids=UNREAD)
def test_what_leads_to_nothing_is_told_with_its_reason(tmp_path: Path, facts: list[Fact], why: str) -> None:
    [found] = [look for look in changed(tmp_path, {12: facts}) if look.unusable]
    assert (found.unusable, found.gone, dict(found.led)) == ({S: why}, (), {})


def test_what_leads_to_nothing_for_long_is_told_once(tmp_path: Path) -> None:
    """A reader that finds no payload asks again with every poll."""
    dangling = [pointer(SPX, key_at(12)), unread(12)]
    found = changed(tmp_path, dict.fromkeys(range(12, 19), dangling))
    assert [look.unusable for look in found if look.unusable] == [{S: "its payload was gone"}]


def test_a_broken_payload_is_told_as_it_was_read(tmp_path: Path) -> None:
    found = changed(tmp_path, {12: [pointer(SPX, key_at(12)), fetched(12, SPX, b'{"ts": 1')]})
    assert found[2].led[S].value == b'{"ts": 1'


def test_another_recorder_begins_with_all_that_stands(tmp_path: Path) -> None:
    found = told(tape_of(tmp_path / "a.tape", moments(12), moments(12, begin=40)))
    assert [(look.whole, look.at_ns) for look in found] == [
        (True, instant(0).wall_ns),
        (False, instant(10.011).wall_ns),
        (True, instant(40.011).wall_ns),
        (False, instant(50.011).wall_ns),
    ]


def test_after_a_gap_a_look_is_whole(tmp_path: Path) -> None:
    later = list(moments(5, begin=200))[1:]
    found = told(tape_of(tmp_path / "a.tape", moments(12), iter(later)))
    assert [look.whole for look in found] == [True, False, True]


def test_a_look_without_an_answer_changes_nothing(tmp_path: Path) -> None:
    lost = moment(10.5, kind=MomentKind.LOST)
    found = told(tape_of(tmp_path / "a.tape", moments(10), iter([lost]), iter(list(moments(10, begin=11))[1:])))
    assert [(set(look.led), look.gone) for look in found] == [({S, N}, ()), ({S, N}, ())]


def test_a_tape_without_looks_tells_nothing(tmp_path: Path) -> None:
    assert told(tape_of(tmp_path / "a.tape", iter([]))) == []


def test_one_damaged_payload_spoils_no_other(tmp_path: Path) -> None:
    path, lost = tape_of(tmp_path / "a.tape", moments(25)), list[Damage]()
    with TapeFile(path) as tape:
        [(number,)] = tape.rows("SELECT packed FROM facts WHERE packed IS NOT NULL ORDER BY id DESC LIMIT 1")
    assert isinstance(number, int)
    spoil_value(path, number)
    with TapeFile(path) as tape:
        found = list(looks(tape, 0, lost.append))
    assert [len(look.led) for look in found if look.led or look.unusable] == [2, 2, 1]
    assert [look.unusable for look in found if look.unusable] == [{N: "its payload is damaged on the tape"}]
    assert lost


@pytest.mark.parametrize(
    ("fact", "why"),
    [
        (pointer(SPX, key_at(10)), "its pointer is damaged on the tape"),
        (fetched(10, SPX), "its payload is damaged on the tape"),
    ],
    ids=["pointer", "payload"],
)
def test_a_row_that_is_damaged_where_playing_begins_is_no_absence(tmp_path: Path, fact: Fact, why: str) -> None:
    path, lost = tape_of(tmp_path / "a.tape", moments(25)), list[Damage]()
    with sqlite3.connect(path) as file:
        subject = "SELECT id FROM subjects WHERE kind = ? AND name = ?"
        last = f"SELECT min(id) FROM facts WHERE moment > 9 AND subject = ({subject})"
        file.execute(f"UPDATE facts SET sum = sum + 1 WHERE id = ({last})", (fact.kind, fact.name))
    file.close()
    with TapeFile(path) as tape:
        first, *others = looks(tape, instant(15).wall_ns, lost.append)
    assert (first.unusable, first.gone, [*first.led]) == ({S: why}, (), [N])
    assert {damage.name for damage in lost} == {f"{fact.kind} {fact.name}"}
    assert [sorted(each.led) for each in others if each.led] == [[N, S]]


def test_what_was_missed_long_after_a_look_does_not_delay_it(tmp_path: Path) -> None:
    """As after a full disk: how much is not on the tape is told when there is room again."""
    later = list(moments(12, begin=400))[1:]
    told_late = moment(399, kind=MomentKind.MISSED, begins=False)
    found = told(tape_of(tmp_path / "a.tape", moments(12), iter([told_late]), iter(later)))
    assert [(look.whole, look.at_ns) for look in found[1:3]] == [
        (False, instant(10.011).wall_ns),
        (True, instant(400.011).wall_ns),
    ]


@pytest.fixture(scope="module")
def long_tape(tmp_path_factory: pytest.TempPathFactory) -> Path:
    gone = {at: [pointer(SPX if at % 2 else NDX, None)] for at in range(7, 300, 23)}
    return tape_of(tmp_path_factory.mktemp("looks") / "a.tape", moments(300, 5, changed=gone))


@law
@given(from_s=st.floats(0, 305))
def test_from_any_instant_on_the_rest_is_what_it_is_from_the_beginning(long_tape: Path, from_s: float) -> None:
    whole, part = told(long_tape, all_of=True), told(long_tape, from_s, all_of=True)
    assert part[1:] == whole[len(whole) - len(part) + 1 :]
    state: dict[str, bytes] = {}
    for look in whole[: len(whole) - len(part) + 1]:
        state |= {name: each.value for name, each in look.led.items()}
        for name in look.gone:
            del state[name]
    assert {name: each.value for name, each in part[0].led.items()} == state
