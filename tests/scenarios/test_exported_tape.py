"""From a mock by way of a tape and a file of lines back to a publisher: the same contracts, the same windows."""

from datetime import date
from pathlib import Path

import orjson
import pytest

from chain.clock import ManualClock
from chain.model.keys import KeySchema, SnapshotId
from chain.model.snapshot import Snapshot, encode
from chaindeck.commands.tape.make import run_ndjson
from publisher.capture import CaptureSource
from publisher.mock.source import MockSource
from publisher.source import SourceError
from tape.store.facts import Fact, FactKind, Moment, MomentKind
from tape.store.words import PayloadWords, put
from tests.support.scenes import manual_clock
from tests.support.tapes import moment, write

CYCLES = 3


async def published(clock: ManualClock) -> list[Snapshot]:
    """Return the snapshots of three cycles of a mock of two underlyings."""
    source, made = MockSource(clock, underlyings=("SPX", "SPY"), seed=5), []
    for _ in range(CYCLES):
        await source.begin_cycle()
        for underlying in source.underlyings:
            survey = await source.survey(underlying)
            for expiry in survey.expirations[:2]:
                piece = await source.fetch_window(survey, expiry)
                of = SnapshotId(piece.chain, clock.wall // 10**6)
                how = {"atm": piece.atm, "range_points": piece.range_points, "contracts": piece.contracts}
                made.append(Snapshot.at(of, clock.wall, **how))  # type: ignore[arg-type]
        clock.advance(10)
    return made


def tape_of(path: Path, made: list[Snapshot]) -> Path:
    def told(at: int, one: Snapshot) -> Moment:
        words = put(PayloadWords(KeySchema().snapshot(one.id)))
        return moment(at, Fact(FactKind.PAYLOAD, str(one.id.chain), words, encode(one)), kind=MomentKind.FETCH)

    return write(path, [told(at, one) for at, one in enumerate(made)])


async def test_an_exported_tape_is_played_as_it_was(tmp_path: Path) -> None:
    made = await published(manual_clock())
    out = tmp_path / "a.ndjson"
    assert run_ndjson(tape_of(tmp_path / "a.tape", made), str(out)) == 0
    lines = out.read_bytes().splitlines()
    assert [one[one.index(b'"payload":') + 10 : -1] for one in lines] == [encode(one) for one in made]
    source = CaptureSource([out])
    assert source.underlyings == ("SPX", "SPY")
    wanted = {(at // 4, one.id.chain): one for at, one in enumerate(made)}
    for cycle in range(CYCLES):
        await source.begin_cycle()
        for underlying in source.underlyings:
            survey = await source.survey(underlying)
            assert len(survey.expirations) == 2
            for expiry in survey.expirations:
                assert isinstance(expiry, date)
                piece = await source.fetch_window(survey, expiry)
                one = wanted[cycle, piece.chain]
                assert (piece.atm, piece.range_points) == (one.atm, one.range_points)
                assert orjson.dumps(piece.contracts) == orjson.dumps(one.contracts)


def test_a_line_that_was_no_json_is_left_out_and_one_that_is_no_snapshot_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.ndjson"
    path.write_bytes(b'{"received":1.0,"key":"a","raw_base64":"ew=="}\n')
    with pytest.raises(SourceError, match=r"no records in a\.ndjson"):
        CaptureSource([path])
    path.write_bytes(b'{"received":1.0,"key":"a","payload":{"ts":1}}\n')
    with pytest.raises(SourceError, match=r"a\.ndjson, line 1: payload\.underlying: missing; it was exported"):
        CaptureSource([path])
