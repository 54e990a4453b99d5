"""`chaindeck analytics`: every measure of what stands in Redis, as JSON and as text, and why there is none."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import orjson
import pytest
from redis.asyncio import Redis

from chain.clock import Instant, SystemClock
from chain.model.keys import ChainId, KeySchema
from chain.monitor.board import ChainRecord
from chain.monitor.evaluate.signals import evaluate
from chain.monitor.states import State
from chain.redis.contract.publish.writer import snapshot_writer
from chaindeck.commands.analytics.body import analytics_body
from chaindeck.commands.analytics.look import Underlying, underlyings_of
from chaindeck.commands.analytics.page import page
from chaindeck.commands.plain import WIDTH
from chaindeck.exits import Exit
from tests.support.measured import HELD, held_chain
from tests.support.product import run
from tests.support.scenes import NDX, SPX_MONTHLY, START_NS, board, in_state, record, snapshot
from tests.support.schemas import filled, promised, schema_of, validator

NOW = Instant(START_NS, 5_000.0)
WEEK_AFTER = ChainId("SPX", SPX_MONTHLY.expiry + timedelta(days=7))
TOTALS = [
    *("put_call_oi", "put_call_volume"),
    *("gex_net", "call_wall", "put_wall", "zero_gamma_profile", "zero_gamma_cumulative"),
]
NAMES = [
    *("straddle", "expected_move_iv", "expected_move_straddle", "implied_forward", "atm_iv", "rr25", "bf25"),
    *("put_call_oi", "put_call_volume", "max_pain"),
    *("gex_net", "call_wall", "put_wall", "zero_gamma_profile", "zero_gamma_cumulative", "forward_vol"),
]


def held(chain: ChainId, age_ms: int) -> ChainRecord:
    return record(chain, NOW, age_ms=age_ms, contracts=held_chain(chain=chain))


def looked_at(*records: ChainRecord) -> list[Underlying]:
    return underlyings_of(evaluate(board(records, NOW), NOW))


def as_json(found: Sequence[Underlying]) -> dict[str, Any]:
    body: dict[str, Any] = orjson.loads(msgspec.json.encode(analytics_body(found, KeySchema())))
    validator("analytics").validate(body)
    return body


def test_each_expiry_has_every_measure_with_its_age_and_totals_that_of_their_oldest_part() -> None:
    body = as_json(looked_at(held(SPX_MONTHLY, 7_000), held(WEEK_AFTER, 2_000)))
    assert (list(body), body["schema"], list(body["underlyings"])) == (["schema", "underlyings"], 1, ["SPX"])
    spx = body["underlyings"]["SPX"]
    assert (spx["spot"], list(spx)) == (6930.0, ["spot", "expiries", "totals"])
    near, far = spx["expiries"]
    assert [name for name in near["measures"] if name in NAMES] == NAMES
    assert near["snapshot"] == f"massive:chain:snapshot:SPX:2026-01-16:{START_NS // 10**6 - 7_000}"
    assert (near["expiration"], near["age_s"], near["state"], near["settles"]) == ("2026-01-16", 7.0, "FRESH", "PM")
    assert near["left_s"] == 14 * 86_400 + 6 * 3600 + 7
    assert {measure["age_s"] for measure in near["measures"].values()} == {7.0}
    assert {name: far["measures"][name]["age_s"] for name in ("straddle", "forward_vol")} == {
        "straddle": 2.0,
        "forward_vol": 7.0,
    }
    assert list(spx["totals"]) == TOTALS
    assert {measure["age_s"] for measure in spx["totals"].values()} == {7.0}
    straddle = near["measures"]["straddle"]
    assert straddle["value"] == pytest.approx(straddle["inputs"]["call"] + straddle["inputs"]["put"])
    assert (straddle["unit"], straddle["used"], straddle["skipped"]) == ("points", 2, {})
    assert spx["totals"]["put_call_oi"]["used"] == 4 * len(HELD)


def test_an_expiry_without_a_snapshot_stays_in_its_place_without_numbers() -> None:
    found = looked_at(in_state(SPX_MONTHLY, State.MISSING, NOW), held(WEEK_AFTER, 2_000))
    lost = ChainRecord(ChainId("SPX", SPX_MONTHLY.expiry - timedelta(days=7)))
    body = as_json(looked_at(lost, held(WEEK_AFTER, 2_000)))
    first, second = body["underlyings"]["SPX"]["expiries"]
    assert (first["snapshot"], first["age_s"], first["measures"], first["left_s"]) == (None, None, {}, None)
    assert second["measures"]["forward_vol"]["note"] == "no earlier expiry"
    assert "MISSING" in page(found)


def test_the_page_has_a_column_for_each_expiry_and_says_what_each_row_is() -> None:
    text = page(looked_at(held(SPX_MONTHLY, 7_000), held(WEEK_AFTER, 2_000)))
    rows = {line[1:26].strip(): line[26:].split() for line in text.splitlines()}
    assert text.startswith(" SPX  spot 6,930.00  MOCK  2 of 2 expirations have a snapshot\n")
    assert "01-16 Fri" in text and "01-23 Fri" in text
    assert rows["age"] == ["7.0", "2.0", "7.0"]
    assert "max pain*" in rows and "  6,930.00  6,930.00         -" in text
    assert " 2 skipped" not in text
    assert "straddle: call + put at the ATM strike, mids [points]" in text
    assert "01-16 RR25, BF25: no 25-delta call in the slice" in text
    assert page(looked_at(ChainRecord(NDX))).startswith(" NDX  spot -  ")
    assert max(map(len, text.splitlines())) <= WIDTH


@pytest.mark.slow
async def test_what_is_published_is_printed(redis: Redis, redis_url: str, tmp_path: Path) -> None:
    made_ns = SystemClock().wall_ns() - 10**9
    friday = ChainId("SPX", SPX_MONTHLY.expiry)
    items = [*held_chain(chain=friday), {"details": {"ticker": "?"}}]
    one_sided = items[0] | {"last_quote": {"bid": 1.0}, "implied_volatility": None}
    made = snapshot(friday, made_ns, [one_sided, *items[1:]])
    await snapshot_writer(redis, KeySchema(), kind="mock").publish([made], 60)
    ended = run(tmp_path, "analytics", redis_url, "--json")
    assert (ended.returncode, ended.stderr) == (0, "")
    body = orjson.loads(ended.stdout)
    validator("analytics").validate(body)
    schema = schema_of("analytics")
    assert promised(schema) - filled(schema, body) == {"underlyings{}.totals{}.note"}  # none of them needs one
    ended = run(tmp_path, "analytics", redis_url)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "13 contracts, 1 skipped (1 no IV): " in ended.stdout
    elsewhere = run(tmp_path, "analytics", redis_url, "--prefix", "massive:replay", "--json")
    assert (elsewhere.returncode, orjson.loads(elsewhere.stdout)) == (2, {"schema": 1, "underlyings": {}})
    assert elsewhere.stderr == "chaindeck: no valid snapshot under massive:replay\n"


@pytest.mark.slow
def test_a_redis_that_is_gone_is_told(tmp_path: Path) -> None:
    ended = run(tmp_path, "analytics", "redis://127.0.0.1:1")
    assert (ended.returncode, ended.stdout) == (Exit.UNAVAILABLE, "")
    assert ended.stderr.startswith("chaindeck: Redis unreachable: ")
