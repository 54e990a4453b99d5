"""Every fault of the demo menu shows the state that it promises, on its chain alone, and healing brings FRESH back."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis as blocking

from chain.clock import Instant, SystemClock
from chain.errors import ConfigError
from chain.model.keys import ChainId, KeySchema
from chain.monitor.evaluate.report import stream_active
from chain.monitor.evaluate.signals import ChainStatus, HealthReport, evaluate
from chain.monitor.states import DeckState, Flag, State
from chain.redis.server.embedded import EmbeddedServer
from chaindeck.config.file import resolve
from chaindeck.deck.demo import MockDemo
from chaindeck.engine.board_slot import BoardSlot
from chaindeck.engine.engine import Engine
from chaindeck.engine.sources import make_source
from publisher import faults
from publisher.faults import OF_THE_STREAM, InjectedFault, WithholdingSource
from tests.support.builders import ScriptedSource
from tests.support.contexts import context_of
from tests.support.engines import publishing_engine
from tests.support.waiting import wait_until

pytestmark = pytest.mark.slow

# AGING above 2.6 s, STALE above 5.9 s, gone at 7 s.
SETTINGS = {"interval": "0.3", "ttl": "7", "underlyings": "SPX", "expirations": "6"}
SHOWN_S = 15.0  # time enough for any state, on a busy machine
ON_ONE_CHAIN: dict[InjectedFault, tuple[Callable[[ChainStatus], bool], ...]] = {
    InjectedFault.DROP: (lambda r: r.state is State.MISSING,),
    InjectedFault.DANGLE: (lambda r: r.state is State.DANGLING,),
    InjectedFault.CORRUPT: (lambda r: r.state is State.INVALID,),
    InjectedFault.SKEW: (lambda r: r.state is State.FUTURE,),
    InjectedFault.ROLL_BACK: (lambda r: Flag.ROLLED_BACK in r.flags,),
    InjectedFault.STALL: (
        lambda r: r.state is State.AGING,
        lambda r: r.state is State.STALE,
        lambda r: r.state is State.MISSING,
    ),
}
ON_THE_WHOLE = {InjectedFault.STOP, InjectedFault.FREEZE, InjectedFault.HEAL}
LASTING = SETTINGS | {"ttl": "40"}  # STALE above 5.9 s, and for long


@dataclass(frozen=True, slots=True)
class Show:
    """A running engine with its demo, and what it sees."""

    engine: Engine
    demo: MockDemo
    slot: BoardSlot

    def report(self) -> HealthReport | None:
        board = self.slot.latest()
        return evaluate(board, Instant.now(SystemClock())) if board else None

    def state(self) -> DeckState | None:
        report = self.report()
        return report.state if report else None

    def streaming(self) -> bool:
        report = self.report()
        return report is not None and stream_active(report.board, report.now)

    def statuses(self) -> tuple[ChainStatus, ...]:
        report = self.report()
        return report.statuses if report else ()

    def status(self, chain: ChainId) -> ChainStatus:
        return next(r for r in self.statuses() if r.record.chain == chain)

    def signals(self) -> set[str]:
        report = self.report()
        return {signal.name for signal in report.signals} if report else set()

    def inject(self, fault: InjectedFault, chain: ChainId) -> str:
        return self.demo.inject(fault, chain).result(5)

    def wait_until_all(self, state: State) -> tuple[ChainId, ...]:
        wait_until(lambda: [r.state for r in self.statuses()] == [state] * 6, SHOWN_S, state)
        return tuple(status.record.chain for status in self.statuses())

    def wait_until_fresh(self) -> tuple[ChainId, ...]:
        return self.wait_until_all(State.FRESH)


@contextmanager
def playing(url: str, server: EmbeddedServer | None = None, *, values: Mapping[str, str] = SETTINGS) -> Iterator[Show]:
    """Run a mock deck's engine on a Redis, and stop it after."""
    clock, slot, settings = SystemClock(), BoardSlot(), resolve(values, environ={}).settings
    source = WithholdingSource(make_source("mock", settings, (), clock))

    engine = publishing_engine(url, source, settings, clock, slot, server)
    demo = MockDemo(engine, source, context_of(clock), embedded=server is not None)
    engine.start()
    try:
        yield Show(engine, demo, slot)
    finally:
        engine.stop()
    board = slot.latest()
    assert board is None or not [part for part in board.parts if part.error]


@pytest.fixture
def show(redis_url: str) -> Iterator[Show]:
    """A deck's engine on an emptied server."""
    with playing(redis_url) as show:
        yield show


def run_id(server: EmbeddedServer, folder: Path) -> str:
    """Return the identity of the server that answers now."""
    with blocking.Redis.from_url(server.start_or_attach(folder).url) as client:
        return str(client.info("server")["run_id"])


def test_no_fault_is_without_a_test() -> None:
    assert ON_ONE_CHAIN.keys() | ON_THE_WHOLE | {*OF_THE_STREAM} == set(InjectedFault)


def test_each_fault_shows_on_its_own_chain_and_healing_undoes_it(show: Show) -> None:
    chains = dict(zip(ON_ONE_CHAIN, show.wait_until_fresh(), strict=True))
    for fault, chain in chains.items():
        assert show.inject(fault, chain) == f"demo: {fault} {chain}"
    for fault, promises in ON_ONE_CHAIN.items():
        for promise in promises:
            wait_until(lambda: promise(show.status(chains[fault])), SHOWN_S, fault)  # noqa: B023 - called at once
    show.inject(InjectedFault.HEAL, chains[InjectedFault.DROP])
    show.wait_until_fresh()
    wait_until(lambda: show.status(chains[InjectedFault.ROLL_BACK]).flags == (Flag.MOCK,), SHOWN_S)


def test_a_fault_leaves_the_other_chains_alone(show: Show) -> None:
    first, *others = show.wait_until_fresh()
    show.inject(InjectedFault.DROP, first)
    wait_until(lambda: show.status(first).state is State.MISSING, SHOWN_S)
    assert {show.status(chain).state for chain in others} == {State.FRESH}


def test_a_stopped_publisher_lets_everything_age_and_falls_silent(
    monkeypatch: pytest.MonkeyPatch, redis_url: str
) -> None:
    monkeypatch.setattr("chain.redis.contract.coordination.announce.HEARTBEAT_TTL_S", 2)
    with playing(redis_url) as show:
        first, *_ = show.wait_until_fresh()
        show.inject(InjectedFault.STOP, first)
        show.wait_until_all(State.AGING)
        wait_until(lambda: "publisher-silent" in show.signals(), SHOWN_S)
        show.inject(InjectedFault.HEAL, first)
        show.wait_until_fresh()
        wait_until(lambda: "publisher-silent" not in show.signals(), SHOWN_S)


def test_a_frozen_redis_is_unreachable_and_keeps_what_it_holds(
    monkeypatch: pytest.MonkeyPatch, short_dir: Path
) -> None:
    """Decks watch over the embedded server; one that does not answer for a while is no reason to replace it."""
    monkeypatch.setattr(faults, "_REDIS_PAUSE_MS", 4_000)
    with EmbeddedServer() as owner, EmbeddedServer() as guest:
        url = owner.start_or_attach(short_dir).url
        guest.start_or_attach(short_dir)
        before = run_id(owner, short_dir)
        with playing(url, owner) as show, playing(url, guest) as other:
            first, *_ = show.wait_until_fresh()
            other.wait_until_fresh()
            show.inject(InjectedFault.FREEZE, first)
            show.wait_until_all(State.UNREACHABLE)
            other.wait_until_all(State.UNREACHABLE)
            show.wait_until_fresh()
            other.wait_until_fresh()
        assert run_id(owner, short_dir) == before


def test_when_the_owner_of_the_server_leaves_another_deck_takes_over(short_dir: Path, runtime: Path) -> None:
    with EmbeddedServer() as owner, EmbeddedServer() as guest:
        url = owner.start_or_attach(runtime).url
        guest.start_or_attach(runtime)
        with playing(url, guest) as show:
            show.wait_until_fresh()
            before = run_id(owner, runtime)
            owner.stop()
            polls = show.slot.polls
            wait_until(lambda: show.slot.polls > polls + 1, SHOWN_S)
            show.wait_until_fresh()
            assert run_id(guest, runtime) != before


# Faults of the pipeline


def test_a_stream_over_stale_snapshots_is_degraded_and_heals(redis_url: str) -> None:
    both = LASTING | {"underlyings": "SPX,NDX", "expirations": "3"}
    with playing(redis_url, values=both) as show:
        first, *_ = show.wait_until_fresh()
        assert show.inject(InjectedFault.DEGRADE, first) == f"demo: degrade {first.underlying}"
        wait_until(lambda: show.state() is DeckState.DEGRADED, SHOWN_S)
        assert "stream-over-stale" in show.signals()
        states = {status.chain.underlying: status.state for status in show.statuses()}
        assert states.pop(first.underlying) is State.STALE
        assert set(states.values()) == {State.FRESH}
        show.inject(InjectedFault.HEAL, first)
        show.wait_until_fresh()
        wait_until(lambda: show.state() is not DeckState.DEGRADED, SHOWN_S)


def test_a_quiet_stream_degrades_nothing_over_fresh_snapshots_nor_over_stale_ones(redis_url: str) -> None:
    with playing(redis_url, values=LASTING) as show:
        first, *_ = show.wait_until_fresh()
        wait_until(show.streaming, SHOWN_S)
        show.inject(InjectedFault.QUIET, first)
        wait_until(lambda: "stream-quiet" in show.signals(), SHOWN_S)
        assert show.wait_until_fresh()
        show.inject(InjectedFault.SILENCE, first)
        show.wait_until_all(State.STALE)
        assert "stream-over-stale" not in show.signals()
        assert show.state() is not DeckState.DEGRADED


def test_frames_that_are_wrong_are_told_dropped_or_counted_and_do_no_harm(redis_url: str) -> None:
    with playing(redis_url, values=LASTING) as show, blocking.Redis.from_url(redis_url) as client:
        first, *_ = show.wait_until_fresh()
        for fault in (InjectedFault.GARBLE, InjectedFault.STRANGERS):
            show.inject(fault, first)

        def heard() -> tuple[bool, bool]:
            found = [fields[b"payload"] for _, fields in client.xrange(KeySchema().stream())]
            return any(not raw.startswith(b'[{"ev":"') for raw in found), any(b"99999000" in raw for raw in found)

        wait_until(lambda: heard() == (True, True), SHOWN_S)
        show.wait_until_fresh()
        show.inject(InjectedFault.AHEAD, first)
        wait_until(lambda: "stream-clock" in show.signals(), SHOWN_S)
        show.wait_until_fresh()


def test_a_mock_without_a_stream_offers_no_fault_of_one_and_says_why(redis_url: str) -> None:
    with playing(redis_url, values=SETTINGS | {"stream": "false"}) as show:
        [chain, *_] = show.wait_until_fresh()
        with pytest.raises(ConfigError, match="no stream"):
            show.inject(InjectedFault.QUIET, chain)
        demo = MockDemo(show.engine, WithholdingSource(ScriptedSource({})), context_of(), embedded=True, streams=False)
        assert {name for name, _ in demo.faults} == set(InjectedFault) - {*OF_THE_STREAM}


def test_redis_is_frozen_only_where_it_is_our_own(show: Show) -> None:
    offered = {name for name, _ in show.demo.faults}
    assert offered == set(InjectedFault) - {InjectedFault.FREEZE}
    source = WithholdingSource(make_source("mock", resolve(SETTINGS, environ={}).settings, (), SystemClock()))
    ours = MockDemo(show.engine, source, context_of(), embedded=True)
    assert {name for name, _ in ours.faults} == set(InjectedFault)


def test_a_demo_before_its_publisher_says_so(show: Show) -> None:
    [chain, *_] = show.wait_until_fresh()
    show.engine.publishing = None
    with pytest.raises(ConfigError, match="try again"):
        show.inject(InjectedFault.DROP, chain)
