"""Cycles in which the vendor fails at random: nothing partial in Redis, budgets kept, recovery at once."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import orjson
import pytest
from redis.asyncio import Redis

from chain.model.keys import ChainId, KeySchema
from chain.monitor.states import Flag, State
from chain.redis.contract.publish.draft import PublishVerdict
from publisher.massive.api.vendor import ATTEMPTS, CONNECTIONS
from tests.fake_massive import ChainBook, FakeMassive, Fault, faults, generate
from tests.fake_massive.faults import Effect
from tests.support.live_scene import CHAINS, MONDAY, Desk, desk, hurried, within

SEED = 20_260_713
DEPTH = 3
DATES = [date(2026, 7, 15), date(2026, 7, 17), date(2026, 7, 20)]  # the middle one lists two roots
SPOTS = (6853.25, 6855.5, 6851.0, 6857.75, 6848.5, 6850.25)
BOOKS = [
    ChainBook.of(
        generate("SPX", as_of=MONDAY, spot=spot, dates=DATES, strikes=41, step=5, centre=6850, iv=0.05, seed=seed)
    )
    for seed, spot in enumerate(SPOTS)
]

# Whatever fails of one answer may fail of one expiry alone; a key, a rate and a connection fail for all.
OF_ONE: tuple[Callable[[], Effect], ...] = (
    lambda: faults.status(500),
    lambda: faults.status(503, "html"),
    faults.garbage,
    faults.corrupt_gzip,
    faults.truncated_json,
    faults.error_with_200,
    faults.missing_results,
    faults.next_link_repeats,
    faults.endless_pages,
    faults.reset,
    faults.not_http,
    lambda: faults.gzip_bomb(3),
    lambda: faults.rewrite(lambda body: body.update(results=[])),
)
OF_ALL: tuple[Callable[[], Effect], ...] = (
    *OF_ONE,
    lambda: faults.status(401),
    lambda: faults.status(403),
    lambda: faults.status(429),
    lambda: faults.status(429, "empty", retry_after=0),
    lambda: faults.status(429, retry_after=5),
    lambda: faults.status(429, retry_after="Mon, 13 Jul 2026 10:30:00 GMT"),
    lambda: faults.status(429, retry_after="soon"),
)
HARMLESS: tuple[Callable[[], Effect], ...] = (
    lambda: faults.next_link(None),
    lambda: faults.next_link(""),
    lambda: faults.rewrite(lambda body: body.update(results=body["results"] * 2)),
)


@dataclass(frozen=True)
class Trial:
    """A fault, the dates it strikes, and the cycle before which it ends."""

    fault: Fault
    struck: frozenset[date]
    until: int


class Weather:
    """Injects and withdraws faults; two at a time only where each strikes a date of its own."""

    def __init__(self, fake: FakeMassive, seed: int) -> None:
        self._fake = fake
        self._dice = random.Random(seed)
        self.now: list[Trial] = []
        self.seen = 0
        self.dropped = False

    def turn(self, cycle: int) -> None:
        """Move on to a cycle."""
        for over in [trial for trial in self.now if trial.until <= cycle]:
            self._fake.clear(over.fault)
            self.now.remove(over)
        if self._dice.random() < 0.35 and (trial := self._draw(cycle)):
            self.now.append(trial)
            self._fake.inject(trial.fault)
            self.seen += 1
        self.dropped = self._dice.random() < 0.1
        if self.dropped:
            self._fake.drop_connections()

    def _draw(self, cycle: int) -> Trial | None:
        until = cycle + self._dice.randint(1, 4)
        kind, day = self._dice.randrange(5), self._dice.choice(DATES)
        if kind < 2:
            fault = Fault(self._dice.choice(OF_ONE)(), expiry=day)
            return Trial(fault, frozenset([day]), until) if self._free(day) else None
        if self.now:
            return None
        if kind < 4:
            return Trial(Fault(self._dice.choice(OF_ALL)(), path=CHAINS), frozenset(DATES), until)
        return Trial(Fault(self._dice.choice(HARMLESS)(), path=CHAINS), frozenset(), until)

    def _free(self, day: date) -> bool:
        return all(trial.fault.expiry not in (None, day) for trial in self.now)

    @property
    def struck(self) -> frozenset[date]:
        return frozenset().union(*(trial.struck for trial in self.now))


@pytest.mark.parametrize("cycles", [90, pytest.param(360, marks=pytest.mark.hostile)])
async def test_an_hour_of_random_faults(redis: Redis, cycles: int) -> None:
    with hurried(), FakeMassive(BOOKS[0]) as fake:
        weather = Weather(fake, SEED)
        async with desk(fake, redis, depth=DEPTH) as here:
            known: set[bytes] = set()
            fair = 0
            for cycle in range(cycles):
                fake.book = BOOKS[cycle % len(BOOKS)]
                weather.turn(cycle)
                first = not known
                done = await here.cycle()
                published = {outcome.id.chain.expiry for outcome in done.outcomes}
                assert {outcome.verdict for outcome in done.outcomes} <= {PublishVerdict.PUBLISHED}
                await assert_new_payloads_whole(redis, fake.book, known)
                # Two kept connections that a fault killed may be tried one after the other: known to cost a cycle.
                reset = {chain.expiry for chain, why in done.failures.items() if "connection reset" in why}
                wanted = set(DATES) - weather.struck - reset if cycle else set()
                assert published >= wanted, (cycle, weather.now, done)
                assert published.isdisjoint(weather.struck), (cycle, weather.now)
                if not weather.now:
                    fair += 1
                    assert done.whole
                calm = not weather.struck and not weather.dropped
                assert_within_budget(fake, calm=calm, first=first)
                await assert_board_tells(here, weather.struck | reset, cycle)
    assert fair > cycles / 20
    assert weather.seen > cycles / 10
    assert len(known) > cycles


async def assert_new_payloads_whole(redis: Redis, book: ChainBook, known: set[bytes]) -> None:
    """Fail unless every payload not met before is what the book has now, and every pointer leads to a payload."""
    wanted = {key async for key in redis.scan_iter(match="massive:chain:snapshot:*", count=5_000)}
    fresh = sorted(wanted - known)
    for raw in await redis.mget(fresh) if fresh else []:
        assert raw is not None
        body = orjson.loads(raw)
        assert body["contracts"] == within(book.chains["I:SPX"], body)
        sides = {row["details"]["contract_type"] for row in body["contracts"]}
        assert sides == {"call", "put"}
        assert body["range_points"] >= 50
    known |= wanted
    keys = KeySchema()
    pointers = [value for value in await redis.mget([keys.latest(ChainId("SPX", day)) for day in DATES]) if value]
    assert wanted >= set(pointers)


def assert_within_budget(fake: FakeMassive, *, calm: bool, first: bool) -> None:
    """Fail if a cycle took more than it may; with faults, the retries of each request.

    A request a window, until its strikes are known a second; a survey of one request a date, or one beside them.
    """
    windows = sum("expiration_date" in record.params for record in fake.requests)
    retries = 1 if calm else ATTEMPTS
    assert windows <= DEPTH * retries * (2 if first else 1)
    assert fake.count() - windows <= (DEPTH + 1) * retries + 1
    assert fake.ledger.max_in_flight <= CONNECTIONS


async def assert_board_tells(here: Desk, struck: frozenset[date], cycle: int) -> None:
    """Fail unless what was not struck is fresh and unflagged, and what was struck is flagged with a reason."""
    for chain_status in (await here.report()).statuses:
        hit = chain_status.record.chain.expiry in struck
        assert (Flag.FAILING in chain_status.flags) == hit, (cycle, chain_status)
        assert bool(chain_status.record.last_error) == hit
        if not hit:
            assert chain_status.state is State.FRESH
