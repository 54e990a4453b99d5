"""Whatever the vendor does wrong: a window is published whole or not at all, and the reason is told."""

import re
from collections.abc import Callable
from contextlib import ExitStack
from datetime import date, timedelta
from functools import cache, partial
from typing import Any

import orjson
import pytest
from redis.asyncio import Redis

from chain.model.keys import ChainId
from chain.monitor.states import Flag, State
from chain.redis.contract.publish.draft import PublishVerdict
from chaindeck.commands.check import exit_code
from publisher.massive.api import vendor
from tests.fake_massive import Chain, ChainBook, FakeMassive, Fault, faults, generate
from tests.fake_massive.faults import Effect
from tests.fake_massive.query import next_url
from tests.support.builders import Held, held
from tests.support.live_scene import (
    CHAINS,
    DEPTH,
    INTERVAL_S,
    MONDAY,
    SPX_DATES,
    Desk,
    desk,
    is_whole,
    payload,
    small_book,
    small_chain,
    tickers,
)

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("quick")]

STRUCK = SPX_DATES[2]
TOLD: list[tuple[str, Callable[[], Effect], str]] = [
    ("bad key", lambda: faults.status(401), "does not know this API key"),
    ("bad key as HTML", lambda: faults.status(401, "html"), "does not know this API key"),
    ("plan", lambda: faults.status(403), "plan of this API key does not include this data"),
    ("bad request", lambda: faults.status(400), "refused the request"),
    ("not found", lambda: faults.status(404), "knows no such path"),
    ("rate", lambda: faults.status(429, retry_after=0), "asks for fewer requests"),
    ("rate, empty", lambda: faults.status(429, "empty"), "asks for fewer requests"),
    ("rate, seconds", lambda: faults.status(429, retry_after=7), "asks for fewer requests"),
    ("rate, date", lambda: faults.status(429, retry_after=timedelta(seconds=9)), "asks for fewer requests"),
    ("rate, absurd", lambda: faults.status(429, retry_after="9" * 30), "asks for fewer requests"),
    ("rate, no number", lambda: faults.status(429, retry_after="soon"), "asks for fewer requests"),
    ("server", lambda: faults.status(500), "server failed"),
    ("server as HTML", lambda: faults.status(503, "html"), "server failed"),
    ("client gone", lambda: faults.status(499, "empty"), "server failed"),
    ("garbage", faults.garbage, "is not JSON"),
    ("truncated", faults.truncated_json, "is not JSON"),
    ("corrupt gzip", faults.corrupt_gzip, "corrupt gzip"),
    ("bomb", lambda: faults.gzip_bomb(100), "too large"),
    ("error with 200", faults.error_with_200, "answered with an error (too many requests)"),
    ("no results", faults.missing_results, "a page without results"),
    ("results of numbers", lambda: faults.rewrite(lambda body: body.update(results=[1, 2])), "a page without results"),
    ("results null", lambda: faults.rewrite(lambda body: body.update(results=None)), "a page without results"),
    ("no rows", lambda: faults.rewrite(lambda body: body.update(results=[])), "no contracts in the slice"),
    ("rows of nothing", lambda: faults.rewrite(lambda body: body.update(results=[{}] * 9)), "9 of 9 rows cannot be"),
    ("no details", lambda: faults.without("details", every=2), "rows cannot be used: no ticker"),
    ("no strike", lambda: faults.without("details.strike_price", every=9), "cannot be used: no strike_price"),
    ("no side", lambda: faults.nulls("details.contract_type", every=7), "cannot be used: no contract_type"),
    ("no date", lambda: faults.without("details.expiration_date", every=5), "cannot be used: no expiration_date"),
    ("strike zero", lambda: _details(strike_price=0), "1 of"),
    ("strike negative", lambda: _details(strike_price=-5), "cannot be used: no strike_price above zero"),
    ("shares in words", lambda: _details(shares_per_contract="100"), "cannot be used: no shares_per_contract"),
    ("another date", lambda: _details(expiration_date="2025-07-17"), "cannot be used: of another expiration"),
    ("another root", lambda: _details(ticker="O:NDXP260717C06850000"), "cannot be used: of the root NDXP"),
    ("a longer symbol", lambda: _details(ticker="O:SPXABC260717C06850000"), "cannot be used: of the root SPXABC"),
    ("another underlying", lambda: _of_underlying("I:NDX"), "cannot be used: of the underlying I:NDX"),
    ("one side", lambda: faults.rewrite(_calls_only), "of 1 side(s)"),
    ("link repeats", faults.next_link_repeats, "adds no rows"),
    ("link elsewhere", lambda: faults.next_link("https://api.massive.com/v3?cursor=abc"), "next_url leads elsewhere"),
    ("link without query", lambda: faults.next_link("https://api.massive.com/v3"), "next_url leads elsewhere"),
    ("link no URL", lambda: faults.next_link("http://[::1/v3?a=b"), "next_url leads elsewhere"),
    ("link a number", lambda: faults.rewrite(lambda body: body.update(next_url=7)), "next_url leads elsewhere"),
    ("pages without end", faults.endless_pages, "adds no rows"),
    ("reset", faults.reset, "the connection to the vendor broke"),
    ("end in the middle", lambda: faults.reset(graceful=True), "the connection to the vendor broke"),
    ("no HTTP", faults.not_http, "the connection to the vendor broke"),
]  # fmt: skip


def _details(**changes: Any) -> Effect:
    """Change the first row's details on every page."""

    def edit(body: dict[str, Any]) -> None:
        for row in body["results"][:1]:
            row["details"].update(changes)

    return faults.rewrite(edit)


def _of_underlying(ticker: str) -> Effect:
    def edit(body: dict[str, Any]) -> None:
        for row in body["results"][:1]:
            row["underlying_asset"].update(ticker=ticker)

    return faults.rewrite(edit)


def _calls_only(body: dict[str, Any]) -> None:
    body["results"] = [row for row in body["results"] if row["details"]["contract_type"] == "call"]


async def state_of(redis: Redis, chains: tuple[ChainId, ...]) -> dict[ChainId, Held | None]:
    return {chain: await held(redis, chain) for chain in chains}


@pytest.mark.parametrize(("effect", "told"), [row[1:] for row in TOLD], ids=[row[0] for row in TOLD])
async def test_a_fault_everywhere_publishes_nothing_and_is_told(
    spx: Desk, effect: Callable[[], Effect], told: str
) -> None:
    assert (await spx.cycle()).whole
    before = await state_of(spx.redis, spx.expected())
    spx.fake.inject(Fault(effect(), path=CHAINS))
    for _ in range(3):
        cycle = await spx.cycle()
        assert cycle.outcomes == ()
        assert set(cycle.failures) == set(spx.expected())
        assert all(told in reason and "\n" not in reason for reason in cycle.failures.values()), cycle.failures
        assert spx.fake.count() <= vendor.ATTEMPTS * (DEPTH + 1)
    report = await spx.report()
    assert {chain_status.state for chain_status in report.statuses} == {State.AGING}
    assert all(
        Flag.FAILING in chain_status.flags and told in chain_status.record.last_error
        for chain_status in report.statuses
    )
    after = await state_of(spx.redis, spx.expected())
    assert {c: h and (h.pointer, h.payload) for c, h in after.items()} == {
        c: h and (h.pointer, h.payload) for c, h in before.items()
    }
    spx.fake.clear()
    spx.clock.advance(60)  # the longest that a vendor may ask us to wait
    assert (await spx.cycle()).whole
    report = await spx.report()
    assert {(chain_status.state, Flag.FAILING in chain_status.flags) for chain_status in report.statuses} == {
        (State.FRESH, False)
    }


_NOT_OF_ONE = (
    "bad key",
    "plan",
    "rate",
    "no strike",
    "no side",
    "no date",
    "strike",
    "shares",
    "a longer",
    "another u",
)
OF_ONE = [row for row in TOLD if not row[0].startswith(_NOT_OF_ONE)]


@pytest.mark.parametrize(("effect", "told"), [row[1:] for row in OF_ONE], ids=[row[0] for row in OF_ONE])
async def test_a_fault_of_one_expiry_leaves_the_others_fresh(
    spx: Desk, effect: Callable[[], Effect], told: str
) -> None:
    assert (await spx.cycle()).whole
    struck = ChainId("SPX", STRUCK)
    before = await held(spx.redis, struck)
    spx.fake.inject(Fault(effect(), expiry=STRUCK))
    for _ in range(3):
        cycle = await spx.cycle()
        assert {outcome.id.chain for outcome in cycle.outcomes} == set(spx.expected()) - {struck}
        assert set(cycle.failures) == {struck}
        assert told in cycle.failures[struck]
    for chain_status in (await spx.report()).statuses:
        is_struck = chain_status.record.chain == struck
        assert (chain_status.state is State.FRESH) is not is_struck
        assert (Flag.FAILING in chain_status.flags) == is_struck
    after = await held(spx.redis, struck)
    assert before is not None
    assert after is not None
    assert (after.pointer, after.payload) == (before.pointer, before.payload)
    spx.fake.clear()
    assert (await spx.cycle()).whole


@pytest.mark.parametrize("position", [0, DEPTH - 1])
async def test_one_bad_expiry_does_not_keep_the_others_down_after_an_outage(spx: Desk, position: int) -> None:
    """The first request after an outage may be that of the bad expiry: it must not speak for the others."""
    await spx.cycle()
    spx.fake.inject(outage := Fault(faults.status(503)))
    for _ in range(2):
        assert not (await spx.cycle()).outcomes
    assert not spx.source._vendor.breaker.closed
    spx.fake.inject(Fault(faults.status(503), expiry=SPX_DATES[position]))
    spx.fake.clear(outage)
    for _ in range(3):
        assert len((await spx.cycle()).outcomes) == DEPTH - 1


HARMLESS = {
    "null greeks": lambda: faults.nulls("greeks", "implied_volatility", every=2),
    "null blocks": lambda: faults.nulls("last_quote", "last_trade", "day", every=3),
    "no greeks": lambda: faults.without("greeks", "implied_volatility", "last_quote", "last_trade", "day"),
    "link null": lambda: faults.next_link(None),
    "link empty": lambda: faults.next_link(""),
    "repeated rows": lambda: faults.repeated_rows(4),
    "rows twice": lambda: faults.rewrite(lambda body: body.update(results=body["results"] * 2)),
    "other status": lambda: faults.rewrite(lambda body: body.update(status="DELAYED")),
    "foreign host": lambda: faults.next_link_elsewhere("http://192.0.2.1:9"),
}


@pytest.mark.parametrize("effect", HARMLESS.values(), ids=HARMLESS)
async def test_oddities_cost_no_contract_and_let_no_foreign_row_in(spx: Desk, effect: Callable[[], Effect]) -> None:
    spx.fake.inject(Fault(effect(), path=CHAINS))
    for _ in range(2):
        assert (await spx.cycle()).whole
    for chain in spx.expected():
        body = await payload(spx.redis, chain)
        low, high = body["atm"] - body["range_points"], body["atm"] + body["range_points"]
        assert tickers(body["contracts"]) == expected_tickers(small_chain(), chain.expiry, low, high)
        assert not any(None in row.values() for row in body["contracts"])


def expected_tickers(chain: Chain, expiry: date, low: float, high: float) -> list[str]:
    rows = [item["details"] for item in chain.items if item["details"]["expiration_date"] == expiry.isoformat()]
    inside = [row for row in rows if low <= row["strike_price"] <= high]
    inside.sort(key=lambda row: (row["strike_price"], row["contract_type"], row["ticker"]))
    return [row["ticker"] for row in inside]


@cache
def crowded() -> Chain:
    """Return a chain whose windows pass a page unnoticed: strikes near the money lie wider than those further out."""
    ladder = partial(generate, "SPX", as_of=MONDAY, spot=6853.25, dates=SPX_DATES[:3], centre=6850, iv=0.08)
    sparse, dense = ladder(strikes=13, step=10), ladder(strikes=900, step=0.5)
    outside = [item for item in dense.items if abs(item["details"]["strike_price"] - 6850) > 62]
    return Chain("I:SPX", 6853.25, sparse.items + outside)


def thinned(side: str, keep_every: int) -> Effect:
    """Leave of each expiration's rows of a side one in so many; of every side where it is empty."""

    def edit(body: dict[str, Any]) -> None:
        struck = [row for row in body["results"] if side in ("", row["details"]["contract_type"])]
        kept = {id(row) for row in struck[::keep_every]}
        body["results"] = [row for row in body["results"] if row not in struck or id(row) in kept]

    return faults.rewrite(edit)


async def test_a_collapse_of_one_side_is_told_as_partial(spx: Desk, caplog: pytest.LogCaptureFixture) -> None:
    await spx.cycle()
    spx.fake.inject(Fault(thinned("put", 50), expiry=STRUCK))
    assert len((await spx.cycle()).outcomes) == DEPTH
    report = await spx.report()
    for chain_status in report.statuses:
        assert (Flag.PARTIAL in chain_status.flags) is (chain_status.chain.expiry == STRUCK)
    [told] = [signal.text for signal in report.signals if signal.name == "partial"]
    assert re.fullmatch(r"SPX 07-15 PARTIAL: \d\d calls beside [01] puts", told)
    assert exit_code(report) == 1
    await spx.cycle()
    assert [record.levelname for record in caplog.records if "SPX 2026-07-15 is PARTIAL" in record.message] == [
        "WARNING"
    ]


async def test_a_collapse_of_both_sides_is_not_believed_for_some_cycles(spx: Desk) -> None:
    await spx.cycle()
    struck = ChainId("SPX", STRUCK)
    before = await held(spx.redis, struck)
    spx.fake.inject(Fault(thinned("", 5), expiry=STRUCK))
    for _ in range(3):
        cycle = await spx.cycle()
        assert set(cycle.failures) == {struck}
        assert "were listed before" in cycle.failures[struck]
        after = await held(spx.redis, struck)
        assert before is not None
        assert after is not None
        assert after.pointer == before.pointer
    assert (await spx.cycle()).whole  # a listing may change: it is believed at last
    spx.fake.clear()
    assert (await spx.cycle()).whole


PAGE_TWO: list[tuple[str, Callable[[], Effect], str]] = [
    ("server", lambda: faults.status(503), "server failed"),
    ("truncated", faults.truncated_json, "is not JSON"),
    ("no results", faults.missing_results, "a page without results"),
    ("error with 200", faults.error_with_200, "answered with an error"),
    ("rate", lambda: faults.status(429), "asks for fewer requests"),
    ("names itself", faults.next_link_repeats, "a page's cursor repeats itself"),
    ("another path", lambda: faults.next_link("/v3/snapshot?cursor=x"), "next_url leads elsewhere"),
]


@pytest.mark.parametrize(("effect", "told"), [row[1:] for row in PAGE_TWO], ids=[row[0] for row in PAGE_TWO])
async def test_a_fault_on_page_two_truncates_nothing(redis: Redis, effect: Callable[[], Effect], told: str) -> None:
    chain = crowded()
    with FakeMassive(ChainBook.of(chain)) as fake:
        fake.inject(Fault(effect(), path=CHAINS, page=2))
        async with desk(fake, redis, depth=2) as here:
            cycle = await here.cycle()
            paged = {record.params["expiration_date"] for record in fake.requests if record.page == 2}
            struck = {c for c in here.expected() if c.expiry.isoformat() in paged}
            assert struck, "no listing had a second page"
            assert set(cycle.failures) == struck
            assert all(told in reason for reason in cycle.failures.values())
            assert {outcome.id.chain for outcome in cycle.outcomes} == set(here.expected()) - struck
            for struck_chain in struck:
                assert await held(redis, struck_chain) is None
            fake.clear()
            assert (await here.cycle()).whole
            for whole in here.expected():
                is_whole(chain, await payload(redis, whole))


async def test_pages_are_followed_to_their_end_on_our_own_host(redis: Redis) -> None:
    chain = crowded()
    with FakeMassive(ChainBook.of(chain)) as fake, FakeMassive(ChainBook.of(chain)) as evil:
        fake.inject(Fault(faults.next_link_elsewhere(evil.url), path=CHAINS))
        async with desk(fake, redis, depth=2) as here:
            assert (await here.cycle()).whole
            assert max(record.page for record in fake.requests) > 1
            for whole in here.expected():
                is_whole(chain, await payload(redis, whole))
        assert (evil.count(), evil.ledger.connections_opened) == (0, 0)
        assert {record.key_in for record in fake.requests} == {("header",)}


async def test_the_number_of_pages_is_capped(spx: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vendor, "MAX_PAGES", 5)
    await spx.cycle()
    spx.fake.inject(Fault(faults.rewrite(NeverSeenBefore()), expiry=STRUCK))
    cycle = await spx.cycle()
    assert cycle.failures == {ChainId("SPX", STRUCK): "the vendor's listing is incomplete (more than 5 pages)"}
    assert [spx.fake.count(page=page) for page in (4, 5, 6)] == [1, 1, 0]


class NeverSeenBefore:
    """Makes every page one of new contracts, that leads to another."""

    def __init__(self) -> None:
        self._page = 1

    def __call__(self, body: dict[str, Any]) -> None:
        self._page += 1
        for row in body["results"]:
            row["details"]["ticker"] += str(self._page)
        params = {"expiration_date": STRUCK.isoformat(), "limit": "250"}
        body["next_url"] = next_url("/v3/snapshot/options/I:SPX", params, self._page, None)


async def test_silence_ends_in_a_named_fault(spx: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    await spx.cycle()
    monkeypatch.setattr(vendor, "REQUEST_S", 0.3)
    spx.fake.inject(Fault(faults.black_hole(), expiry=STRUCK), Fault(faults.slow_loris(0.02), expiry=SPX_DATES[4]))
    cycle = await spx.cycle()
    struck = {ChainId("SPX", STRUCK), ChainId("SPX", SPX_DATES[4])}
    assert set(cycle.failures) == struck
    assert set(cycle.failures.values()) == {"the vendor did not answer in time (127.0.0.1: no whole answer)"}
    assert len(cycle.outcomes) == DEPTH - 2
    assert spx.fake.count() <= DEPTH + 1, "a timeout is not asked again within the cycle"


async def test_a_vendor_that_is_gone_and_comes_back(redis: Redis) -> None:
    with ExitStack() as alive:
        first = alive.enter_context(FakeMassive(small_book()))
        async with desk(first, redis) as here:
            assert (await here.cycle()).whole
            alive.close()
            for _ in range(2):
                cycle = await here.cycle()
                assert len(cycle.failures) == DEPTH
                assert all("the vendor's host refuses connections (" in why for why in cycle.failures.values())
            assert (
                here.heartbeat().source.last_error
                == "the vendor's host refuses connections (127.0.0.1); asked again in 8 s"
            )
            here.fake = alive.enter_context(FakeMassive(small_book(), port=first.port))
            assert (await here.cycle()).whole
            assert here.heartbeat().source.last_error == ""


@pytest.mark.parametrize("code", [401, 403])
async def test_a_refused_key_or_plan_is_asked_about_once_a_period(spx: Desk, code: int) -> None:
    await spx.cycle()
    spx.fake.inject(Fault(faults.status(code)))
    await spx.cycle()
    assert spx.fake.count() <= DEPTH + 1  # those under way when the first answer came
    for _ in range(12):
        await spx.cycle()
        assert spx.fake.count(CHAINS) == 1
        assert spx.fake.count() <= 2  # a plan without chains may have the market's state
        await spx.cycle(after_s=INTERVAL_S / 2)  # within the period
        assert spx.fake.count(CHAINS) == 0
    assert "asked again in" in next(iter(spx.heartbeat().chain.failures.values()))


async def test_a_bad_key_from_the_start_costs_one_request_a_cycle(redis: Redis) -> None:
    with FakeMassive(small_book(), key="another") as fake:
        async with desk(fake, redis, key="canary-1f7c") as here:
            for _ in range(5):
                cycle = await here.cycle()
                assert "check MASSIVE_API_KEY (" in cycle.surveys["SPX"]
                assert fake.count() == 1
            assert here.heartbeat().source.last_error.startswith("the vendor does not know this API key")
            assert b"canary-1f7c" not in here.heartbeat().encode()


async def test_the_breaker_is_in_the_heartbeat_with_reason_and_wait(spx: Desk) -> None:
    await spx.cycle()
    spx.fake.inject(Fault(faults.status(503)))
    await spx.cycle()
    beat = orjson.loads(spx.heartbeat().encode())
    assert beat["source"]["trouble"] == "the vendor's server failed (HTTP 503: error 503); asked again in 8 s"
    assert beat["chain"]["counters"]["vendor_fault_server"] == beat["chain"]["counters"]["vendor_faults"] >= 5
    signals = (await spx.report()).signals
    assert f"source massive: {beat['source']['trouble']}" in {signal.text for signal in signals}
    spx.fake.clear()
    assert (await spx.cycle()).whole
    assert {signal.name for signal in (await spx.report()).signals} == set()


async def test_a_first_cycle_that_fails_publishes_at_the_next(redis: Redis) -> None:
    with FakeMassive(small_book()) as fake:
        fake.inject(Fault(faults.status(500)))
        async with desk(fake, redis) as here:
            cycle = await here.cycle()
            assert (cycle.outcomes, cycle.whole) == ((), False)
            assert "the vendor's server failed" in here.heartbeat().source.last_error
            fake.clear()
            cycle = await here.cycle()
            assert {outcome.verdict for outcome in cycle.outcomes} == {PublishVerdict.PUBLISHED}
            assert len(cycle.outcomes) == DEPTH
