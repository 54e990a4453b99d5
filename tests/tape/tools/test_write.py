"""Salvaging, cutting and joining tapes, and their payloads as lines: nothing whole is lost, nothing lost is hidden."""

import gc
import shutil
import sys
from base64 import b64decode
from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from chain.clock import Instant
from tape.errors import TapeError
from tape.store.facts import Fact, FactKind, MomentKind
from tape.store.file import TapeFile
from tape.store.words import PayloadWords, put
from tape.tools.info import info
from tape.tools.ndjson import line, payloads
from tape.tools.verify import verify
from tape.tools.write import cut, merge, salvage
from tests.support.scenes import NDX, SPX, START_NS
from tests.support.tapes import flip_byte, moment, payload, recording, spoil_value, write
from tests.tape.store.test_tape import read


def is_sound(path: Path) -> bool:
    with TapeFile(path) as tape:
        return verify(tape).sound


def test_a_sound_tape_is_salvaged_whole(tmp_path: Path) -> None:
    written = recording(60)
    done = salvage(write(tmp_path / "a.tape", written), tmp_path / "b.tape")
    assert (done.moments, done.facts, done.lost) == (67, 24, ())
    assert read(tmp_path / "b.tape") == written
    with TapeFile(tmp_path / "b.tape") as tape:
        assert tape.about() == {"prefix": "massive"}


def test_of_a_damaged_tape_all_that_is_whole_is_kept_and_the_rest_is_told(tmp_path: Path) -> None:
    written = recording(120)
    path = write(tmp_path / "a.tape", written)
    spoil_value(path, 7)  # the fourth payload of SPX, a delta that no other leans on
    done = salvage(path, tmp_path / "b.tape")
    assert [damage.name for damage in done.lost] == ["payload SPX 2026-01-02"]
    assert is_sound(tmp_path / "b.tape")
    kept = read(tmp_path / "b.tape")
    missed = [one for one in kept if one.kind == MomentKind.MISSED]
    assert [one.about for one in missed] == ['{"count":1,"why":"damaged"}']
    facts = [fact for one in kept for fact in one.facts]
    assert [fact for one in written for fact in one.facts if fact.value != payload(30, SPX)] == facts


def test_a_look_that_was_lost_is_noted_where_it_was(tmp_path: Path) -> None:
    told = recording(30)
    at = [at for at, one in enumerate(told) if one.begins][10]
    never = Instant(0, told[at].asked.mono)
    path = write(tmp_path / "a.tape", [*told[:at], replace(told[at], asked=never), *told[at + 1 :]])
    done = salvage(path, tmp_path / "b.tape")
    kept = read(tmp_path / "b.tape")
    assert [damage.what.partition(":")[0] for damage in done.lost] == [f"moment {at + 1}", "fact 5", "fact 6"]
    assert [(one.kind, one.about) for one in kept[at : at + 2]] == [
        (MomentKind.FETCH, None),
        (MomentKind.MISSED, '{"count":3,"why":"damaged"}'),
    ]
    assert is_sound(tmp_path / "b.tape")


@pytest.mark.slow
@pytest.mark.parametrize("at", [0.3, 0.6, 0.9])
def test_a_spoilt_page_and_a_cut_end_leave_a_sound_tape(tmp_path: Path, at: float) -> None:
    path = write(tmp_path / "a.tape", recording(600))
    size = path.stat().st_size
    for offset in range(40):
        flip_byte(path, int(size * at) // 2048 * 2048 + offset)
    with path.open("r+b") as file:
        file.truncate(int(size * 0.95))
    done = salvage(path, tmp_path / "b.tape")
    assert done.lost
    assert done.moments > 100
    assert is_sound(tmp_path / "b.tape")


def test_a_cut_begins_with_what_was_in_force(tmp_path: Path) -> None:
    written = recording(60)
    path = write(tmp_path / "a.tape", written)
    count = cut(path, START_NS + 25 * 10**9, START_NS + 45 * 10**9, tmp_path / "b.tape")
    kept = read(tmp_path / "b.tape")
    assert count == 20
    assert [one.asked.wall_ns for one in kept if one.begins] == [START_NS + at * 10**9 for at in range(25, 45)]
    carried, known = kept[:2], kept[2]
    assert [one.asked.mono - 5_000 for one in carried] == pytest.approx([20.0, 20.01])
    assert {(fact.kind, fact.name) for one in carried for fact in one.facts} == {
        (kind, str(chain)) for kind in (FactKind.POINTER, FactKind.PAYLOAD) for chain in (SPX, NDX)
    }
    assert (known.kind, known.begins) == (MomentKind.STATE, False)
    assert kept[3:] == [one for one in written if 25 <= one.asked.mono - 5_000 < 45]


@pytest.mark.parametrize("wall_ns", [20 * 10**15, 4 * 10**18])
def test_a_look_that_tells_another_year_is_cut_and_joined_with_those_around_it(tmp_path: Path, wall_ns: int) -> None:
    told = recording(60)
    at = [at for at, one in enumerate(told) if one.begins][35]
    other = Instant(wall_ns, told[at].asked.mono)
    told[at] = replace(told[at], asked=other, received=other)
    path = write(tmp_path / "a.tape", told)
    parts = [tmp_path / "early.tape", tmp_path / "late.tape"]
    cuts = [
        cut(path, START_NS + begin * 10**9, START_NS + end * 10**9, part)
        for part, (begin, end) in zip(parts, [(0, 30), (30, 60)], strict=True)
    ]
    assert cuts == [30, 30]
    merge([parts[1], parts[0]], tmp_path / "b.tape")
    assert [one for one in read(tmp_path / "b.tape") if one.begins] == [one for one in told if one.begins]
    with TapeFile(path) as tape:
        found = info(tape)
    assert (found.first, found.last, found.gaps) == (START_NS / 1e9, START_NS / 1e9 + 59, ())


def test_a_cut_of_nothing_leaves_nothing(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tape", recording(5))
    with pytest.raises(TapeError, match="nothing was recorded between the two"):
        cut(path, 0, 1, tmp_path / "b.tape")
    assert not (tmp_path / "b.tape").exists()


def test_tapes_are_joined_in_the_order_of_time_and_each_begins_anew(tmp_path: Path) -> None:
    written = recording(60)
    path = write(tmp_path / "a.tape", written)
    parts = [tmp_path / "early.tape", tmp_path / "late.tape"]
    for part, (begin, end) in zip(parts, [(0, 30), (30, 60)], strict=True):
        cut(path, START_NS + begin * 10**9, START_NS + end * 10**9, part)
    merge([parts[1], parts[0]], tmp_path / "b.tape")
    joined = read(tmp_path / "b.tape")
    assert [one.kind for one in joined].count(MomentKind.RUN) == 2
    assert [one for one in joined if one.begins] == [one for one in written if one.begins]
    assert is_sound(tmp_path / "b.tape")


def test_what_overlaps_is_of_another_prefix_or_there_already_is_refused(tmp_path: Path) -> None:
    one = write(tmp_path / "a.tape", recording(5))
    other = Path(shutil.copy(one, tmp_path / "b.tape"))
    with pytest.raises(TapeError, match=r"overlap by 4\.0 s: cut one of them first"):
        merge([one, other], tmp_path / "c.tape")
    with pytest.raises(TapeError, match=r"b\.tape: is there already"):
        salvage(one, other)
    assert read(other) == recording(5)


def told(at: float, raw: bytes | None, key: str, **more: object) -> Fact:
    return Fact(FactKind.PAYLOAD, str(SPX), put(PayloadWords(key, **more)), raw)  # type: ignore[arg-type]


def test_lines_hold_payloads_byte_for_byte(tmp_path: Path) -> None:
    raws = [
        payload(0),
        b'{"a": 1.10,  "b":"\\u00e9"}',
        b"{",
        b'{\n"a":1}',
        b"\xff",
        b'"\xc3\xa9"',
        b"[NaN]",
        payload(1),
    ]
    facts = [told(at, raw, f"key:{at}") for at, raw in enumerate(raws)]
    facts[2:2] = [told(1, raws[1], "key:1"), told(2, None, "key:gone"), told(2, None, "key:lost", error="refused")]
    path = write(tmp_path / "a.tape", [moment(at, fact, kind=MomentKind.FETCH) for at, fact in enumerate(facts)])
    lost: list[object] = []
    with TapeFile(path) as tape:
        lines = [line(*one) for one in payloads(tape, lost.append)]
    assert not lost
    assert all(one.count(b"\n") == 1 for one in lines)
    told_back = [orjson.loads(one) for one in lines]
    assert [one["key"] for one in told_back] == [f"key:{at}" for at in range(len(raws))]
    plain = {0, 1, 5, 7}
    for at, (raw, one, read_back) in enumerate(zip(raws, lines, told_back, strict=True)):
        if at in plain:
            assert b'"payload":' + raw + b"}\n" == one[one.index(b'"payload":') :]
        else:
            assert b64decode(read_back["raw_base64"]) == raw
    assert told_back[0]["received"] == pytest.approx(START_NS / 1e9 + 0.001)


def test_of_several_tapes_the_damaged_one_is_named_and_nothing_else_is_said(tmp_path: Path) -> None:
    one, other = write(tmp_path / "a.tape", recording(20)), tmp_path / "b.tape"
    cut(one, START_NS + 10 * 10**9, START_NS + 20 * 10**9, other)
    whole = tmp_path / "c.tape"
    cut(one, START_NS, START_NS + 10 * 10**9, whole)
    spoil_value(other, 1)
    beside: list[object] = []
    hook, sys.unraisablehook = sys.unraisablehook, beside.append
    try:
        with pytest.raises(TapeError, match=r"b\.tape: value 1: "):
            merge([other, whole], tmp_path / "d.tape")
        gc.collect()
    finally:
        sys.unraisablehook = hook
    assert beside == []  # a query that was not read to its end has nothing to say when its tape is closed
    assert not (tmp_path / "d.tape").exists()
