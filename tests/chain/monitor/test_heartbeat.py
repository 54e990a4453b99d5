"""Heartbeats: what is written is what is read, and what a hostile writer sends is refused or made harmless."""

from datetime import date, time
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from redis.asyncio import Redis

from chain.clock import Instant, ManualClock
from chain.errors import DecodeError
from chain.model.calendar import RULE, Calendar
from chain.model.keys import ChainId, KeySchema
from chain.monitor.board import Board, Publishers
from chain.monitor.evaluate.signals import evaluate
from chain.monitor.heartbeat import STOPPED, ChainPlan, Heartbeat, SourceInfo, beat, parse_heartbeat
from chain.monitor.messages.heartbeat import MAX_COUNTERS, FeedBlock
from chain.monitor.messages.services import HEARTBEAT_KEYS
from chain.monitor.watch.registry import ChainRegistry
from chain.thresholds import HEARTBEAT_TTL_S, Thresholds
from tests.support.scenes import NDX, SPX, SPX_MON, START_NS, START_S, heartbeat, law
from tests.support.waiting import wait_until_async

OWN = {"SPX": START_S - 86_400.5, "NDX": START_S - 3.25}
TOLD = Calendar({date(2026, 11, 26): None, date(2026, 11, 27): time(13)})
GOLDEN = Heartbeat(
    service="mock_massive",
    ts=START_S + 0.25,
    pid=4711,
    status="running",
    source=SourceInfo("capture", "chains.jsonl.gz", "record 3 of 9", START_S - 86_400.5, "closed", "", OWN, TOLD),
    chain=ChainPlan(
        prefix="massive",
        thresholds=Thresholds(5.0, 45.0),
        depth=7,
        expected=(SPX, SPX_MON, NDX),
        failures={SPX_MON: "no slice within 5 s"},
        cycle_ms=17.5,
        counters={"published": 33, "failed": 1},
    ),
)


def body(**parts: Any) -> dict[str, Any]:
    """Return the golden beat's JSON object, `parts` replaced."""
    found: dict[str, Any] = orjson.loads(GOLDEN.encode())
    return found | parts


def parse(raw: bytes, service: str = "mock_massive") -> Heartbeat | None:
    return parse_heartbeat(raw, service)


FEED = FeedBlock("waiting", "socket.massive.com", False, "no quotes", 10, 2, 3, 4, START_S, "refused")


def test_the_stream_that_is_fed_is_read_as_it_was_written_and_where_none_is_the_field_is_left_out() -> None:
    assert "feed" not in body()
    found = parse(replace(GOLDEN, feed=FEED).encode())
    assert found is not None
    assert found.feed == FEED


def test_what_a_stranger_says_of_a_stream_is_made_harmless_and_what_does_not_fit_is_left_out() -> None:
    found = parse(orjson.dumps(body(feed={"state": "on\x1b[2J", "error": "x" * 5_000, "detail": "\u202e"})))
    assert found is not None
    assert found.feed is not None
    assert all(text.isprintable() for text in (found.feed.state, found.feed.error, found.feed.detail))
    assert len(found.feed.error) <= 160
    odd = parse(orjson.dumps(body(feed={"state": "streaming", "subscriptions": -1})))
    assert odd is not None
    assert odd.left_out
    assert odd.chain.expected == GOLDEN.chain.expected


def plan(**parts: Any) -> Heartbeat | None:
    """Return the golden beat read back with parts of its plan replaced."""
    return parse(orjson.dumps(body(chain=body()["chain"] | parts)))


def refusal(raw: bytes, service: str = "mock_massive") -> str:
    """Return why a beat is refused, checked to be one line that a person can be shown."""
    with pytest.raises(DecodeError) as error:
        parse(raw, service)
    reason = str(error.value)
    assert reason.isprintable()
    assert 0 < len(reason) < 240
    return reason


def test_what_is_written_is_what_is_read() -> None:
    assert parse(GOLDEN.encode()) == GOLDEN


def test_the_beats_json_is_the_one_that_others_read() -> None:
    read = body()
    assert (read["service"], read["ts"], read["pid"], read["status"]) == (
        "mock_massive",
        START_S + 0.25,
        4711,
        "running",
    )
    assert read["source"]["as_of"] == START_S - 86_400.5
    assert read["source"]["as_of_by"] == {"SPX": START_S - 86_400.5, "NDX": START_S - 3.25}
    assert read["source"]["sessions"] == {"2026-11-26": "closed", "2026-11-27": "13:00"}
    assert read["chain"]["expected"] == {"SPX": ["2026-01-02", "2026-01-05"], "NDX": ["2026-01-02"]}
    assert read["chain"]["trouble"] == {"SPX 2026-01-05": "no slice within 5 s"}
    assert (read["chain"]["interval_s"], read["chain"]["ttl_s"], read["chain"]["depth"]) == (5.0, 45.0, 7)


async def test_a_beat_is_set_with_its_time_to_live_and_published_alike(redis: Redis) -> None:
    async with redis.pubsub() as channel:
        await channel.subscribe("mock_massive:heartbeat")
        await channel.get_message(timeout=5)
        await beat(redis, GOLDEN)
        message = await wait_until_async(lambda: channel.get_message(timeout=1), what="the beat")
    held = await redis.get("mock_massive:heartbeat")
    assert message
    assert held == message["data"] == GOLDEN.encode()
    assert HEARTBEAT_TTL_S - 2 <= await redis.ttl("mock_massive:heartbeat") <= HEARTBEAT_TTL_S


def without(name: str) -> dict[str, Any]:
    read = body()
    del read[name]
    return read


@pytest.mark.parametrize("chain", [{}, {"chain": None}])
def test_a_plain_beat_of_another_program_is_none_and_no_fault(chain: dict[str, None]) -> None:
    assert parse(orjson.dumps({"service": "massive", "ts": START_S, "host": "x"} | chain), "massive") is None


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"massive"',
        orjson.dumps(without("service")),
        orjson.dumps(without("ts")),
        orjson.dumps(body(chain=[])),
        orjson.dumps(body(chain={})),
        orjson.dumps(body(ts="now")),
        orjson.dumps(body(ts=None)),
        orjson.dumps(body(ts=START_S * 1000)),  # milliseconds
        orjson.dumps(body(chain={"expected": {"SPX": ["2026-13-01"]}})),
        orjson.dumps(body(chain={"expected": {"SPX": "2026-01-02"}})),
        orjson.dumps(body(chain={"expected": {"SPX": None}})),
        orjson.dumps(body(chain={"expected": {"SPX": [20260102]}})),
        orjson.dumps(body(chain={"expected": {"spx\x1b[2J": ["2026-01-02"]}})),
        orjson.dumps(body(chain={"expected": {f"S{n}": ["2026-01-02", "2026-01-05"] for n in range(2501)}})),
        orjson.dumps(body(status="x" * 300_000)),
        b'{"chain":' + b"[" * 5000 + b"]" * 5000 + b"}",
        b'{"service":"\xff"}',
    ],
)
def test_what_is_no_beat_of_ours_is_refused_with_a_reason(raw: bytes) -> None:
    assert refusal(raw)


SLOTS: list[tuple[str, ...]] = [
    *((name,) for name in ("service", "ts", "pid", "status", "source", "chain", "lease", "unknown")),
    *(("source", name) for name in ("kind", "detail", "record", "as_of", "market", "trouble", "unknown")),
    *(("chain", name) for name in body()["chain"]),
    *(("chain", "trouble", "SPX 2026-01-05"), ("chain", "counters", "x"), ("chain", "expected", "SPX")),
    ("lease", "SPX"),
]


@pytest.mark.parametrize("slot", SLOTS, ids=".".join)
def test_nesting_is_refused_in_every_place(slot: tuple[str, ...]) -> None:
    """At 250 levels nothing is built; at 990 or 100,000 nothing recurses."""
    read = body()
    place = read
    for name in slot[:-1]:
        place = place[name]
    place[slot[-1]] = "HERE"
    for depth in (17, 250, 990, 100_000):
        raw = orjson.dumps(read).replace(b'"HERE"', b"[" * depth + b"]" * depth)
        assert refusal(raw) == ("nested more than 16 deep" if depth < 1000 else "more than 10000 objects and arrays")


def test_a_deep_value_hides_behind_no_string() -> None:
    """Brackets inside strings, and escaped quotation marks, neither hide depth nor make it up."""
    hidden = b'["]",' * 40 + b"1" + b"]" * 40
    assert refusal(b'{"service":' + hidden + b"}") == "nested more than 16 deep"
    escaped = b'["\\"]",' * 40 + b"1" + b"]" * 40
    assert refusal(b'{"service":' + escaped + b"}") == "nested more than 16 deep"
    assert plan(trouble={"SPX 2026-01-05": '[[[[{{{{"' * 9 + "\\"})


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"service": []}, "service: an array, not a string"),
        ({"ts": START_S * 1000}, "ts: must be < 4102444800.0"),
        ({"chain": 5}, "chain: an integer, not an object"),
        ({"chain": body()["chain"] | {"prefix": 5}}, "chain.prefix: an integer, not a string"),
        ({"chain": {"expected": {"SPX": [5]}}}, "chain.expected[...][0]: an integer, not a string"),
        ({"chain": {}}, "chain.expected: missing"),
        ({"chain": {"expected": {"SPX": ["2026-01-02", "2026-13-01"]}}}, "chain.expected.SPX[1]: expiration"),
        ({"chain": {"expected": {"spx": ["2026-01-02"]}}}, "chain.expected: underlying 'spx' is not a symbol"),
    ],
)
def test_a_refusal_says_what_does_not_fit_and_where(changes: dict[str, Any], said: str) -> None:
    assert refusal(orjson.dumps(body(**changes))).startswith(said)
    assert refusal(orjson.dumps(body(pid="x", **changes))).startswith(said), "whatever else does not fit"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"pid": -1}, "pid: must be >= 0"),
        ({"status": {}}, "status: an object, not a string"),
        ({"lease": {"SPX": [1]}}, "lease[...]: an array, not a string"),
        ({"source": "mock"}, "source: a string, not an object"),
        ({"source": {"trouble": 7}}, "source.trouble: an integer, not a string"),
        ({"source": {"kind": None}}, "source.kind: null, not a string"),
        ({"chain": body()["chain"] | {"depth": "x"}}, "chain.depth: a string, not an integer"),
        ({"chain": body()["chain"] | {"depth": 0}}, "chain.depth: must be >= 1"),
        ({"chain": body()["chain"] | {"interval_s": None}}, "chain.interval_s: null, not a number"),
        ({"chain": body()["chain"] | {"interval_s": 30.0}}, "chain.interval_s: interval 30 s makes a snapshot stale"),
        ({"parts": [{"name": "poll", "state": "odd"}]}, "parts[0].state: "),
    ],
)
def test_what_does_not_fit_beside_the_core_is_left_out_and_said(changes: dict[str, Any], said: str) -> None:
    found = parse(orjson.dumps(body(**changes)))
    assert found
    assert (found.service, found.ts, found.chain.expected) == (GOLDEN.service, GOLDEN.ts, GOLDEN.chain.expected)
    [reason] = found.left_out
    assert reason.startswith(said)
    assert replace(found, left_out=()) == parse(replace(found, left_out=()).encode()), "the rest can be said again"


def test_a_publisher_of_odd_fields_is_heard_and_each_is_told() -> None:
    odd = body(pid="x", source=body()["source"] | {"trouble": 7, "sessions": {"2026-11-27": "25:00"}})
    registry, clock = ChainRegistry(KeySchema()), ManualClock(START_NS)
    registry.on_heartbeats({"mock_massive:heartbeat": orjson.dumps(odd)}, Instant.now(clock))
    assert set(registry.chains) == {SPX, SPX_MON, NDX}
    board = Board(publishers=Publishers(tuple(registry.publishers.values())))
    [told] = [
        signal.text for signal in evaluate(board, Instant.now(clock)).signals if signal.name == "heartbeat-misfit"
    ]
    assert told == "heartbeat of mock_massive: pid: a string, not an integer, ignored, and 2 more"


@pytest.mark.parametrize("raw", [b"{,}", b'{"pid":"x","source":{"kind":"\\q"}}', b'{"pid":"x",}', b'{"pid":"x"} {}'])
def test_of_what_is_no_json_nothing_is_believed(raw: bytes) -> None:
    assert refusal(raw).startswith("not JSON: ")


@pytest.mark.parametrize("claims", ["massive", "massive:standby", "mock_massive:standby", "", "x\x1b[2J"])
def test_a_beat_that_calls_itself_otherwise_than_its_key_is_refused(claims: str) -> None:
    assert refusal(orjson.dumps(body(service=claims))).endswith("under the key of mock_massive")


def test_counters_are_bounded_in_number_and_in_names() -> None:
    most = {f"c{n}": n for n in range(MAX_COUNTERS)}
    found = plan(counters=most)
    assert found and found.chain.counters == most
    more = plan(counters=most | {"more": 1})
    assert more and not more.chain.counters and "chain.counters: " in more.left_out[0]
    long = plan(counters={"n" * 5_000: 1})
    assert long and [len(name) for name in long.chain.counters] == [40]


def test_each_underlying_has_its_own_date_and_the_single_one_stands_for_all_others() -> None:
    source = SourceInfo("capture", as_of=10.0, as_of_by={"SPX": 10.0, "NDX": 20.0})
    assert [source.for_underlying(name).as_of for name in ("SPX", "NDX", "SPY")] == [10.0, 20.0, 10.0]
    assert SourceInfo("massive").for_underlying("SPX").as_of is None


def test_a_beat_of_before_that_has_one_date_is_read_as_ever() -> None:
    source = body()["source"]
    del source["as_of_by"], source["sessions"]
    found = parse(orjson.dumps(body(source=source)))
    assert found
    assert found.source.for_underlying("NDX").as_of == START_S - 86_400.5
    assert found.source.calendar == RULE


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"sessions": {"2026-13-01": "closed"}}, "source.sessions: expiration '2026-13-01' is not a date"),
        ({"sessions": {"2026-11-27": "25:00"}}, "source.sessions.2026-11-27: '25:00' is neither closed nor HH:MM"),
        ({"sessions": {"2026-11-27": 13}}, "source.sessions[...]: an integer, not a string"),
        ({"sessions": {f"2{n:03}-01-01": "closed" for n in range(201)}}, "source.sessions: "),
        ({"as_of_by": {"spx\x1b": START_S}}, "source.as_of_by: underlying"),
        ({"as_of_by": {"SPX": START_S * 1000}}, "source.as_of_by[...]: must be < 4102444800.0"),
    ],
)
def test_dates_that_make_no_sense_are_left_out(parts: dict[str, Any], said: str) -> None:
    found = parse(orjson.dumps(body(source=body()["source"] | parts)))
    assert found
    [reason] = found.left_out
    assert reason.startswith(said)
    assert not (found.source.as_of_by if "as_of_by" in parts else found.source.calendar.told)


@pytest.mark.parametrize("service", ["mock_massive", "mock_massive:standby"])
def test_a_beat_under_a_mocks_key_is_never_live(service: str) -> None:
    found = parse(orjson.dumps(body(service=service, source={"kind": "massive", "detail": "api.massive.com"})), service)
    assert found
    assert (found.source.kind, found.left_out) == ("unknown", (f"source.kind: massive under the key of {service}",))


@pytest.mark.parametrize("kind", ["massive", "", "sim", "MOCK"])
@pytest.mark.parametrize("told", [{"as_of": START_S - 86_400.0 * 30}, {"as_of_by": {"SPX": START_S + 86_400.0}}])
def test_only_recorded_data_have_a_now_of_their_own(kind: str, told: dict[str, Any]) -> None:
    """Else live data of last month would be as old as that now says."""
    found = parse(orjson.dumps(body(service="massive", source={"kind": kind} | told)), "massive")
    assert found
    assert (found.source.for_underlying("SPX").as_of, found.left_out) == (
        None,
        ("source.as_of: of data that are not recorded",),
    )


def test_trouble_of_chains_that_nobody_announced_is_left_out() -> None:
    found = plan(trouble={"SPX 2026-01-05": "late", "SPX 2031-01-05": "x", "nonsense": "y", "": "z"})
    assert found
    assert dict(found.chain.failures) == {SPX_MON: "late"}


def strings(found: Heartbeat) -> list[str]:
    """Return every string that a beat carries further."""
    chain, source = found.chain, found.source
    return [
        found.service,
        found.status,
        *(source.kind, source.detail, source.record, source.market),
        *(chain.prefix, *chain.failures.values(), *chain.counters),
    ]


def test_every_string_is_made_harmless_and_short() -> None:
    evil = "\x1b]52;c;cm0gLXJm\x07\x9b31m\u202e\u200b\r\n[@click=app.quit]" + "A" * 3_000
    hostile = body(
        status=evil,
        source=dict.fromkeys(("kind", "detail", "record", "market"), evil),
        chain=body()["chain"] | {"prefix": evil, "trouble": {"SPX 2026-01-05": evil}, "counters": {evil: 1}},
    )
    found = parse(orjson.dumps(hostile))
    assert found
    assert len(strings(found)) == 9
    assert all(text.isprintable() and len(text) <= 160 for text in strings(found))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=20), inner, max_size=4),
    max_leaves=10,
)
SPOTS = st.sampled_from(
    [("service",), ("ts",), ("pid",), ("status",), ("source",), ("chain",)]
    + [("source", name) for name in ("kind", "detail", "record", "as_of", "market")]
    + [("chain", name) for name in body()["chain"]]
)


@law
@given(changes=st.lists(st.tuples(SPOTS, JSON), min_size=1, max_size=4))
def test_whatever_a_beat_holds_a_roster_can_hear_it(changes: list[tuple[tuple[str, ...], Any]]) -> None:
    """A beat is refused or every later use of it works: dates, limits and JSON of what was read."""
    read = body()
    for (*outer, last), value in changes:
        place = read
        for name in outer:
            place = place[name] if isinstance(place.get(name), dict) else {}
        place[last] = value
    raw = orjson.dumps(read)
    try:
        found = parse(raw)
    except DecodeError:
        found = None
    registry = ChainRegistry(KeySchema())
    registry.on_heartbeats(dict.fromkeys(HEARTBEAT_KEYS, raw), Instant(START_NS, 5.0))
    if found is None:
        assert not registry.publishers
        return
    assert all(text.isprintable() for text in strings(found))
    limits = found.chain.thresholds
    assert 0 < round(limits.warn_s * 1000) < round(limits.stale_s * 1000) <= round(limits.ttl_s * 1000)
    assert all(reason.isprintable() and len(reason) < 240 for reason in found.left_out)
    assert parse(found.encode()) == replace(found, left_out=())


# The roster


def test_a_refused_beat_is_told_with_its_beginning_until_a_sound_one_comes() -> None:
    clock, registry = ManualClock(START_NS), ChainRegistry(KeySchema())
    key = "mock_massive:heartbeat"
    for raw, at in ((b"[]", 0), (b"{}", 5), (b"{}", 10)):
        registry.on_heartbeats({key: raw}, Instant.now(clock))
        [refused] = registry.refused.values()
        assert (refused.service, refused.since) == ("mock_massive", START_S)
        assert refused.reason == ("an array, not an object" if at == 0 else "service: missing")
        clock.advance(5)
    assert hear(registry, clock, heartbeat(SPX)) == {SPX}
    assert not registry.refused


def test_a_refused_beat_takes_nothing_from_the_others() -> None:
    clock, registry = ManualClock(START_NS), ChainRegistry(KeySchema())
    live = heartbeat(NDX, service="massive", kind="massive")
    registry.on_heartbeats(
        {"massive:heartbeat": live.encode(), "mock_massive:heartbeat": live.encode()}, Instant.now(clock)
    )
    assert set(registry.chains) == {NDX}
    assert set(registry.publishers) == {"massive"}
    assert list(registry.refused) == ["mock_massive"]


def hear(registry: ChainRegistry, clock: ManualClock, *beats: Heartbeat) -> set[ChainId]:
    raw = {f"{found.service}:heartbeat": found.encode() for found in beats}
    registry.on_heartbeats({key: raw.get(key) for key in HEARTBEAT_KEYS}, Instant.now(clock))
    return {record.chain for record in registry.shown()}


def test_as_many_as_are_announced_should_be_there_whatever_the_depth() -> None:
    clock, registry = ManualClock(START_NS), ChainRegistry(KeySchema())
    hear(registry, clock, heartbeat(SPX, SPX_MON, NDX, depth=1))
    assert registry.depth == {"SPX": 2, "NDX": 1}


def test_each_chain_has_its_own_underlyings_date() -> None:
    clock, registry = ManualClock(START_NS), ChainRegistry(KeySchema())
    own = {"SPX": START_S - 3 * 86_400.0, "NDX": float(START_S)}
    beat_of_two = heartbeat(SPX, NDX, kind="capture", as_of=min(own.values()), as_of_by=own)
    assert hear(registry, clock, beat_of_two) == {SPX, NDX}
    assert {chain.underlying: known.record.source.as_of for chain, known in registry.chains.items()} == own


def test_two_publishers_announce_side_by_side() -> None:
    clock, registry = ManualClock(START_NS), ChainRegistry(KeySchema())
    mock = heartbeat(SPX, NDX)
    live = heartbeat(SPX_MON, service="massive", kind="massive")
    assert hear(registry, clock, mock, live) == {SPX, SPX_MON, NDX}
    assert {c: known.record.source.kind for c, known in registry.chains.items()} == {
        SPX: "mock",
        NDX: "mock",
        SPX_MON: "massive",
    }
    clock.advance(5)
    assert hear(registry, clock, heartbeat(NDX, ts=START_S + 5), live) == {
        SPX,
        SPX_MON,
        NDX,
    }  # of SPX nothing new was said
    clock.advance(5)
    assert hear(registry, clock, heartbeat(SPX_MON, ts=START_S + 10), live) == {SPX_MON, NDX}


def test_the_last_word_on_a_chain_is_the_newest_beats() -> None:
    clock, registry = ManualClock(START_NS), ChainRegistry(KeySchema())
    hear(registry, clock, heartbeat(SPX, failures={SPX: "vendor: 429"}))
    assert registry.chains[SPX].record.last_error == "vendor: 429"
    clock.advance(5)
    hear(registry, clock, heartbeat(SPX, ts=START_S + 5, thresholds=Thresholds(4.0, 30.0)))
    assert (registry.chains[SPX].record.last_error, registry.chains[SPX].record.thresholds) == (
        "",
        Thresholds(4.0, 30.0),
    )


def test_a_date_that_passed_leaves_though_a_beat_still_names_it() -> None:
    clock, registry = ManualClock(START_NS), ChainRegistry(KeySchema())
    hear(registry, clock, heartbeat(SPX, SPX_MON, NDX))
    clock.advance(14 * 3600)
    assert hear(registry, clock, heartbeat(SPX, SPX_MON, NDX, ts=START_S + 14 * 3600)) == {SPX_MON}
    assert set(registry.depth) == {"SPX"}


def test_recorded_chains_are_past_by_their_own_clock() -> None:
    clock, registry = ManualClock(START_NS + 400 * 86_400 * 10**9), ChainRegistry(KeySchema())
    recorded = heartbeat(SPX, SPX_MON, kind="replay", ts=clock.wall / 1e9, as_of=float(START_S))
    assert hear(registry, clock, recorded) == {SPX, SPX_MON}
    clock.advance(5)
    later = heartbeat(SPX, SPX_MON, kind="replay", ts=clock.wall / 1e9, as_of=float(START_S + 14 * 3600))
    assert hear(registry, clock, later) == {SPX_MON}


def test_a_stopped_publisher_announces_no_longer() -> None:
    clock, registry = ManualClock(START_NS), ChainRegistry(KeySchema())
    announced = []
    for status in ("running", STOPPED):
        assert hear(registry, clock, heartbeat(SPX, status=status, ts=clock.wall / 1e9)) == {SPX}
        announced.append(registry.publishers["mock_massive"].alive)
        clock.advance(3)
    assert announced == [True, False]
    assert registry.publishers["mock_massive"].gone_since == START_S + 3


def test_of_two_publishers_of_one_chain_the_live_one_speaks_in_whatever_order_they_beat() -> None:
    clock, registry = ManualClock(START_NS), ChainRegistry(KeySchema())
    slow, quick = Thresholds(18.0, 60.0), Thresholds(2.0, 60.0)
    for _ in range(3):
        for service, kind, limits in (("massive", "massive", slow), ("mock_massive", "mock", quick)):
            beats = [heartbeat(SPX, service=service, kind=kind, thresholds=limits, ts=clock.wall / 1e9, depth=2)]
            known = [p.heartbeat for p in registry.publishers.values() if p.heartbeat.service != service]
            hear(registry, clock, *beats, *known)
            clock.advance(2)
        assert (registry.chains[SPX].record.thresholds, registry.chains[SPX].record.source.kind) == (slow, "massive")
    hear(registry, clock, heartbeat(SPX, ts=clock.wall / 1e9, thresholds=quick))  # the live one is silent by now
    clock.advance(1)
    hear(registry, clock, heartbeat(SPX, ts=clock.wall / 1e9, thresholds=quick))
    assert registry.chains[SPX].record.thresholds == quick
