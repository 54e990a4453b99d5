"""What a compositor writes to staging, held against the published schemas field by field."""

from collections.abc import Sequence
from typing import Any

import orjson

from chain.model.snapshot import decode, encode
from chain.pipeline.events import Quote, Trade
from chain.pipeline.staging import Flush
from mmaker.merge.state import StagedChainState
from tests.support.builders import SPX, TS_MS, TS_NS
from tests.support.composing import CALL, made
from tests.support.schemas import filled, promised, schema_of, validator
from tests.support.staged import meta_of


def keeps(name: str, bodies: Sequence[Any]) -> None:
    """Fail unless each body keeps a schema, and all together fill every field of it."""
    schema = schema_of(name)
    for body in bodies:
        validator(name).validate(body)
    assert set[str]().union(*(filled(schema, body) for body in bodies)) == promised(schema)


def test_contracts_of_snapshot_and_stream_keep_the_schema_of_staging() -> None:
    snapshot = made(SPX, TS_NS)
    state = StagedChainState(SPX)
    state.apply_snapshot(decode(encode(snapshot), snapshot.id))
    state.apply(Quote(CALL, 7.6, 7.9, 5.0, 6.0, TS_MS + 1, 3), TS_MS + 2)
    state.apply(Trade(CALL, 7.7, 1.0, TS_MS + 1, 4), TS_MS + 2)
    staged = state.take_changes().contracts.values()
    keeps("staging", [orjson.loads(each.encode()) for each in staged])


def test_meta_and_notice_keep_theirs() -> None:
    meta = orjson.loads(meta_of().encode())
    validator("staging-meta").validate(meta)
    assert meta.keys() == schema_of("staging-meta")["properties"].keys()
    notice = Flush(underlying="SPX", expiration="2026-01-02", position="7-0", flushed=1.5, fields=(CALL,), whole=True)
    keeps("staging-flush", [orjson.loads(notice.encode())])
