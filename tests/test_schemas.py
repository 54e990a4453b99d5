"""The published schemas are those of the types in the code, and what is really published keeps them."""

from typing import Any

import jsonschema
import orjson
import pytest

from chain.clock import ManualClock
from chain.model.keys import ChainId, SnapshotId
from chain.model.snapshot import Snapshot, encode
from publisher.mock.source import MockSource
from schemas.catalogue import FOLDER, files
from tests.support.builders import TS_NS, capture_line, golden_snapshot, payload
from tests.support.schemas import validator


def test_the_files_are_what_the_types_say() -> None:
    """`make schemas` writes them anew."""
    assert {path.name: path.read_bytes() for path in FOLDER.glob("*.json")} == {
        path.name: body for path, body in files().items()
    }


async def test_what_a_source_publishes_keeps_the_snapshots_schema() -> None:
    source = MockSource(ManualClock(TS_NS), underlyings=["SPX", "SPY"])
    await source.begin_cycle()
    for underlying in ("SPX", "SPY"):
        survey = await source.survey(underlying)
        piece = await source.fetch_window(survey, survey.expirations[0])
        made = Snapshot.at(
            SnapshotId(ChainId(underlying, survey.expirations[0]), TS_NS // 1_000_000),
            TS_NS,
            atm=piece.atm,
            range_points=piece.range_points,
            contracts=piece.contracts,
        )
        validator("snapshot").validate(orjson.loads(encode(made)))


@pytest.mark.parametrize(
    "changes",
    [
        {"ts": "now"},
        {"atm": 6930.5},
        {"range_points": -1},
        {"contracts": {}},
        {"contracts": [7]},
        {"contracts": [{"details": []}]},
        {"contracts": [{"details": {"strike_price": "6930"}}]},
        {"contracts": [{"last_quote": None}]},
    ],
)
def test_what_breaks_the_contract_breaks_the_snapshots_schema(changes: dict[str, Any]) -> None:
    validator("snapshot").validate(orjson.loads(encode(golden_snapshot())))
    with pytest.raises(jsonschema.ValidationError):
        validator("snapshot").validate(orjson.loads(payload(**changes)))


def test_a_recorded_line_keeps_the_captures_schema() -> None:
    validator("capture").validate(orjson.loads(capture_line()))
    with pytest.raises(jsonschema.ValidationError):
        validator("capture").validate(orjson.loads(capture_line()) | {"ts": "now"})


def test_a_mark_of_the_stream_is_a_number_of_seconds() -> None:
    validator("stream-mark").validate(orjson.loads(b"1766762051.5"))
    with pytest.raises(jsonschema.ValidationError):
        validator("stream-mark").validate("soon")
