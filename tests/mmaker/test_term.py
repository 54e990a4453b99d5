"""One term of leading, on a real server: staging is what snapshots and stream make, and nothing is lost."""

from datetime import date
from typing import Any

import msgspec
import orjson
import pytest
from msgspec.structs import replace
from redis.asyncio import Redis

from chain.clock import ManualClock
from chain.context import Context
from chain.model.keys import ChainId
from chain.monitor.states import State
from chain.pipeline.events import StreamEvent
from chain.pipeline.staging import FLUSH_FORM, Dropped
from chain.redis.contract.staging import read_staging
from chain.redis.contract.stream.group import GROUP, GroupGoneError, StreamGroup
from chain.redis.contract.stream.ids import START
from mmaker.inputs import usable
from mmaker.merge.state import StagedChainState
from mmaker.reading import TrimmedError
from mmaker.stager import LeadLostError, OutrunError
from mmaker.term import Term
from tests.support.builders import SPX
from tests.support.composing import CALL, PUT, Surroundings

NEXT = ChainId("SPX", date(2026, 1, 9))


@pytest.fixture
async def around(redis: Redis) -> Surroundings:
    redis_s, _ = await redis.time()
    # Snapshots from the future of Redis's clock are not published.
    around = Surroundings(redis, ManualClock((int(redis_s) - 100) * 1_000_000_000, 1_000.0))
    await around.lead()
    await around.add_raw(b"[]")
    return around


async def begun(around: Surroundings, context: Context | None = None) -> Term:
    term = Term(around.redis, context or around.context)
    await term.begin(await around.inputs())
    return term


async def play(around: Surroundings, term: Term) -> list[Any]:
    return await term.round(await around.inputs(), around.clock.monotonic() + 1)


async def merged(around: Surroundings, *events: StreamEvent, chain: ChainId = SPX) -> dict[str, bytes]:
    """Return the fields that the chain's snapshot and some events make."""
    snapshot = usable(await around.inputs())[chain].snapshot
    assert snapshot is not None
    state = StagedChainState(chain)
    state.apply_snapshot(snapshot.open())
    for event in events:
        state.apply(event, around.now_ms)
    return {ticker: shown.encode() for ticker, shown in state.take_changes().contracts.items()}


# What stands in Redis


async def test_staging_is_what_snapshot_and_stream_make(around: Surroundings) -> None:
    snapshot = await around.publish()
    last = await around.add(around.quote(), around.trade(PUT))
    term = await begun(around)
    [flush] = await play(around, term)
    assert await around.staged() == await merged(around, around.quote(), around.trade(PUT))
    meta = await around.meta()
    assert meta is not None
    assert (meta.snapshot, meta.ts) == (around.keys.snapshot(snapshot.id), snapshot.ts)
    assert (meta.position, meta.events, meta.kind, meta.atm) == (str(last), 2, "mock", 6930)
    assert (flush.chain, flush.whole, flush.state) == (SPX, True, State.FRESH)
    assert flush.meta == meta and len(flush.dirty) == 4
    assert 0 < await around.redis.pttl(around.keys.staging(SPX)) <= 60_000


async def test_a_second_write_touches_what_has_changed_alone_and_says_so(around: Surroundings) -> None:
    await around.publish()
    term = await begun(around)
    await play(around, term)
    await around.redis.hset(around.keys.staging(SPX), PUT, b"as it is")
    async with around.redis.pubsub() as ear:
        await ear.subscribe(around.keys.staging_flushes())
        await ear.get_message(timeout=1)
        last = await around.add(around.quote(seq=3))
        [flush] = await play(around, term)
        notice = await ear.get_message(ignore_subscribe_messages=True, timeout=1)
    assert notice is not None
    told = FLUSH_FORM.decode(notice["data"])
    assert (told.underlying, told.expiration, told.position) == ("SPX", "2026-01-02", str(last))
    assert (told.fields, told.whole) == ((CALL,), False)
    assert flush.dirty == {CALL} and not flush.whole and len(flush.contracts) == 4
    staged = await around.staged()
    assert staged[CALL] == (await merged(around, around.quote(seq=3)))[CALL] and staged[PUT] == b"as it is"


async def test_a_snapshot_replaces_all_of_it(around: Surroundings) -> None:
    await around.publish()
    await around.add(around.quote())
    term = await begun(around)
    await play(around, term)
    await around.redis.hset(around.keys.staging(SPX), "O:GONE", b"{}")
    around_clock(around).advance(5)
    await around.publish(strikes=(6930,))
    [flush] = await play(around, term)
    assert flush.whole and set(await around.staged()) == {CALL, PUT}


def around_clock(around: Surroundings) -> ManualClock:
    assert isinstance(around.clock, ManualClock)
    return around.clock


async def test_without_news_only_the_position_is_written_now_and_then(around: Surroundings) -> None:
    await around.publish()
    term = await begun(around)
    await play(around, term)
    assert await play(around, term) == []
    last = await around.add_raw(b'[{"ev":"status","status":"connected"}]')
    around_clock(around).advance(1.9)
    assert await play(around, term) == []
    around_clock(around).advance(0.1)
    [flush] = await play(around, term)
    assert flush.dirty == frozenset() and flush.meta.position == str(last)


async def test_a_quiet_chain_is_renewed_before_it_runs_out(around: Surroundings) -> None:
    await around.publish()
    term = await begun(around)
    await play(around, term)
    await around.redis.pexpire(around.keys.staging(SPX), 30_000)
    around_clock(around).advance(19.9)
    assert await play(around, term) == []
    around_clock(around).advance(0.2)
    assert len(await play(around, term)) == 1
    assert await around.redis.pttl(around.keys.staging(SPX)) > 50_000


async def test_nothing_is_derived_of_a_stale_snapshot_and_the_status_says_why(around: Surroundings) -> None:
    await around.publish()
    term = await begun(around)
    await play(around, term)
    around_clock(around).advance(36)
    await around.add(around.quote())
    assert await play(around, term) == []
    inputs = await around.inputs()
    [told] = term.stager.status([inputs[SPX]])
    assert told.reason == "its snapshot is 36 s old, stale beyond 35 s" and told.flushed is not None
    await around.publish(quoted_ms=around.now_ms - 50_000)
    [flush] = await play(around, term)
    assert flush.contracts[CALL].quote_seq == 1  # what came meanwhile is not lost


async def test_counts_are_of_what_was_left_out(around: Surroundings) -> None:
    await around.publish()
    await around.add(
        around.quote(), around.quote(), around.quote("O:SPXW260102C01000000"), around.quote("O:NDXP260102C01000000")
    )
    await around.add_raw(b"no frame")
    await around.add(around.quote(bid=-1.0), around.quote(ts_ms=around.now_ms + 9_000))
    term = await begun(around)
    [flush] = await play(around, term)
    assert flush.meta.dropped == Dropped(unknown=1, older=1, absurd=2)


# Acknowledged only after it is written


async def test_an_entry_is_acknowledged_with_the_round_after_it_was_written(around: Surroundings) -> None:
    await around.publish()
    term = await begun(around)
    await around.add(around.quote())
    group = StreamGroup(around.redis, around.keys, "witness")
    place = await group.place()
    assert place is None or place.delivered is None or place.pending == 0
    await play(around, term)
    place = await group.place()
    assert place is not None and (place.pending, place.lag) == (1, 0)
    await play(around, term)
    place = await group.place()
    assert place is not None and place.pending == 0


async def test_a_successor_takes_in_what_was_read_and_not_acknowledged(around: Surroundings) -> None:
    await around.publish()
    dead = await begun(around)
    await play(around, dead)
    await around.add(around.quote(bid=7.0))
    await play(around, dead)
    await around.add(around.trade(PUT, 8.0))
    await dead.reading.read(dead.market, 0)  # and dies before it writes
    await take_lease_over(around)
    heir = await begun(around, around.context)
    await around.add(around.quote(bid=7.2, seq=2))
    await play(around, heir)
    await play(around, heir)
    made = await merged(around, around.quote(bid=7.0), around.trade(PUT, 8.0), around.quote(bid=7.2, seq=2))
    assert await around.staged() == made
    place = await StreamGroup(around.redis, around.keys, "witness").place()
    assert place is not None and place.pending == 0
    consumers = await around.redis.xinfo_consumers(around.keys.stream(), GROUP)
    assert len(consumers) <= 2


async def take_lease_over(around: Surroundings) -> None:
    """Let another process lead, as if the one before had died."""
    await around.redis.delete(around.keys.compositor_lease())
    around.context = around.another()
    await around.lead()


async def test_a_leader_of_before_that_reads_once_more_costs_nothing(around: Surroundings) -> None:
    await around.publish()
    paused = await begun(around)
    await play(around, paused)
    await take_lease_over(around)
    heir = await begun(around)
    await play(around, heir)
    stray = around.quote()
    await around.add(stray)
    await paused.reading.read(paused.market, 0)  # wakes, and reads before it learns that it leads no more
    with pytest.raises(LeadLostError):
        await play(around, paused)
    around_clock(around).advance(1)
    await play(around, heir)
    await play(around, heir)
    assert await around.staged() == await merged(around, stray)
    place = await StreamGroup(around.redis, around.keys, "witness").place()
    assert place is not None and place.pending == 0


async def test_whoever_does_not_lead_writes_nothing(around: Surroundings) -> None:
    await around.publish()
    term = await begun(around)
    await play(around, term)
    before = await around.redis.hgetall(around.keys.staging(SPX))
    await around.redis.delete(around.keys.compositor_lease())
    await around.add(around.quote())
    with pytest.raises(LeadLostError):
        await play(around, term)
    assert await around.redis.hgetall(around.keys.staging(SPX)) == before


async def test_staging_never_goes_back_behind_a_later_position(around: Surroundings) -> None:
    await around.publish()
    term = await begun(around)
    await play(around, term)
    meta = await around.meta()
    assert meta is not None
    await around.redis.hset(around.keys.staging(SPX), "meta", replace(meta, position=f"{2**60}-7").encode())
    before = await around.redis.hgetall(around.keys.staging(SPX))
    await around.add(around.quote())
    with pytest.raises(OutrunError):
        await play(around, term)
    assert await around.redis.hgetall(around.keys.staging(SPX)) == before
    await play(around, await begun(around))  # which finds that no such entry was ever added
    assert await around.staged() == await merged(around, around.quote())


# Beginning


async def test_what_came_before_the_group_is_taken_in_as_far_as_it_is_news(around: Surroundings) -> None:
    old = around.quote(bid=6.0, ts_ms=around.now_ms - 30 * 60_000)
    await around.add(old, received_ms=old.ts_ms)
    await around.add(around.quote(bid=7.0))
    await around.publish()
    term = await begun(around)
    await play(around, term)
    assert await around.staged() == await merged(around, around.quote(bid=7.0))


async def test_a_chain_that_comes_later_is_brought_up_to_date(around: Surroundings) -> None:
    await around.publish()
    early = around.quote("O:SPXW260109C06930000", 9.0)
    term = await begun(around)
    await around.add(around.quote(), early)
    await play(around, term)
    await play(around, term)  # acknowledged, and unknown
    around_clock(around).advance(30)  # chains that nobody announces are looked for again
    await around.publish(NEXT, quoted_ms=early.ts_ms - 1)
    assert NEXT in [flush.chain for flush in await play(around, term)]
    assert await around.staged(NEXT) == await merged(around, early, chain=NEXT)
    assert term.market.dropped.unknown == 1


async def test_a_chain_that_goes_is_let_go(around: Surroundings) -> None:
    await around.publish()
    term = await begun(around)
    await play(around, term)
    assert await term.round({}, around.clock.monotonic() + 1) == []
    assert not term.market.chains and await around.meta() is not None  # which runs out


async def test_nothing_of_a_mock_survives_under_live_data(around: Surroundings) -> None:
    around_clock(around).step_wall(100)  # to Redis's own, by which a change of kind is recorded
    await around.publish()
    await around.add(around.quote(), around.trade(ts_ms=around.now_ms + 1_900))  # its clock may be ahead
    term = await begun(around)
    await play(around, term)
    assert b'"stream"' in (await around.staged())[CALL]
    around_clock(around).advance(0.01)
    await around.publish(kind="massive", quoted_ms=around.now_ms - 600_000)
    await play(around, term)
    staged = await read_staging(around.redis, around.keys, SPX)
    assert staged is not None and staged.meta.kind == "massive"
    assert b'"stream"' not in (await around.staged())[CALL]
    heir = await begun(around)  # nor in whoever begins now
    await play(around, heir)
    assert b'"stream"' not in (await around.staged())[CALL]


async def test_a_stream_that_is_not_there_is_waited_for(around: Surroundings) -> None:
    await around.publish()
    await around.redis.delete(around.keys.stream())
    term = await begun(around)
    [flush] = await play(around, term)
    assert flush.meta.position == str(START) and not await around.redis.exists(around.keys.stream())
    await around.add(around.quote())
    around_clock(around).advance(1)
    [flush] = await play(around, term)
    assert flush.dirty == {CALL}


@pytest.mark.parametrize("loss", ["group", "stream", "everything"])
async def test_what_is_gone_ends_the_term_and_the_next_one_is_whole(around: Surroundings, loss: str) -> None:
    await around.publish()
    await around.add(around.quote())
    term = await begun(around)
    await play(around, term)
    if loss == "group":
        await around.redis.xgroup_destroy(around.keys.stream(), GROUP)
    elif loss == "stream":
        await around.redis.delete(around.keys.stream())
    else:
        await around.redis.flushall()
        await around.lead(around.another())
        around.context = around.another()
        await around.redis.delete(around.keys.compositor_lease())
        await around.lead()
    with pytest.raises(GroupGoneError):
        await play(around, term)
    await around.publish(quoted_ms=around.now_ms - 5_000)
    heir = Term(around.redis, around.context)
    said = await heir.begin(await around.inputs(), again=True)
    assert said == {"group": "the consumer group was gone"}.get(loss, "the stream is gone")
    await play(around, heir)
    kept = () if loss == "everything" else (around.quote(),)
    assert await around.staged() == await merged(around, *kept)


async def test_where_redis_went_back_to_an_older_state_the_next_term_is_whole(around: Surroundings) -> None:
    """As a replica that had not heard all does when it becomes the primary."""
    await around.publish()
    first = await around.add(around.quote(bid=7.0))
    term = await begun(around)
    await play(around, term)
    older = await around.redis.dump(around.keys.staging(SPX)) or b""
    await around.add(around.trade(PUT, 9.0))
    await play(around, term)
    await play(around, term)
    await around.redis.restore(around.keys.staging(SPX), 60_000, older, replace=True)
    await around.redis.xgroup_setid(around.keys.stream(), GROUP, str(first))
    await around.add(around.quote(bid=7.2, seq=2))
    with pytest.raises(OutrunError):
        await play(around, term)
    await play(around, await begun(around))
    events = (around.quote(bid=7.0), around.trade(PUT, 9.0), around.quote(bid=7.2, seq=2))
    assert await around.staged() == await merged(around, *events)


async def test_a_group_that_went_back_reads_again_and_no_position_goes_back(around: Surroundings) -> None:
    """As that of a replica does, which had heard of all entries and not of all that were read."""
    await around.publish()
    await around.add(around.quote(bid=7.0))
    last = await around.add(around.trade(PUT, 9.0))
    term = await begun(around)
    await play(around, term)
    await around.redis.xgroup_setid(around.keys.stream(), GROUP, "0")
    heir = await begun(around)
    heir.reading._batch = 1
    [flush] = await heir.round(await around.inputs(), 0)
    assert heir.reading.position < last and flush.meta.position == str(last)
    await around.redis.xgroup_setid(around.keys.stream(), GROUP, "0")
    term.reading._batch = 1
    await term.reading.read(term.market, 0)
    assert term.reading.position == last


async def test_what_is_acknowledged_is_not_acknowledged_again(around: Surroundings) -> None:
    await around.publish()
    term = await begun(around)
    await around.add(around.quote())
    for _ in range(3):
        await play(around, term)
    await around.redis.config_resetstat()
    await play(around, term)
    assert "cmdstat_xack" not in await around.redis.info("commandstats")


async def test_a_stream_trimmed_past_what_was_read_ends_the_term_and_the_next_one_goes_on(around: Surroundings) -> None:
    await around.publish()
    term = await begun(around)
    await around.add(around.quote(bid=7.0))
    await play(around, term)
    await around.add(around.trade(PUT, 9.0))
    last = await around.add(around.quote(bid=7.1, seq=2))
    await around.redis.xtrim(around.keys.stream(), minid=str(last), approximate=False)
    with pytest.raises(TrimmedError, match="entries may be missing"):
        await play(around, term)
    heir = await begun(around)
    await play(around, heir)
    assert await around.staged() == await merged(around, around.quote(bid=7.0), around.quote(bid=7.1, seq=2))


async def test_trimmed_while_nobody_led_is_said_at_the_beginning(around: Surroundings) -> None:
    await around.publish()
    term = await begun(around)
    await around.add(around.quote(bid=7.0))
    await play(around, term)
    last = await around.add(around.quote(bid=7.1, seq=2))
    await around.redis.xtrim(around.keys.stream(), minid=str(last), approximate=False)
    heir = Term(around.redis, around.context)
    assert "trimmed past" in await heir.begin(await around.inputs())
    await play(around, heir)
    assert await around.staged() == await merged(around, around.quote(bid=7.0), around.quote(bid=7.1, seq=2))


async def test_pending_entries_that_were_trimmed_are_acknowledged(around: Surroundings) -> None:
    await around.publish()
    term = await begun(around)
    await play(around, term)
    await around.add(around.quote())
    await term.reading.read(term.market, 0)
    await around.redis.xtrim(around.keys.stream(), maxlen=0, approximate=False)
    heir = await begun(around)
    await play(around, heir)
    await play(around, heir)
    place = await StreamGroup(around.redis, around.keys, "witness").place()
    assert place is not None and place.pending == 0


async def test_entries_larger_than_a_reply_may_be_are_read_in_smaller_batches(
    around: Surroundings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chain.redis.contract.stream.group.BATCH_BYTES", 2_000_000)
    await around.publish()
    term = await begun(around)
    for seq in range(40):
        await around.add_raw(b" " * 80_000 + orjson.dumps(vendor(around, seq)))
    for _ in range(6):
        await play(around, term)
    assert await around.staged() == await merged(around, around.quote(seq=39))
    place = await StreamGroup(around.redis, around.keys, "witness").place()
    assert place is not None and place.pending == 0


def vendor(around: Surroundings, seq: int) -> Any:
    return msgspec.to_builtins([around.quote(seq=seq)])


# Kinds of source


async def written_by(around: Surroundings, kind: str | None) -> None:
    """Leave the mark of a writer of the stream; of another program's where no kind is given."""
    await around.redis.delete(around.keys.stream_analytics())
    stamp = repr(around.now_ms / 1000)
    mark = {"last_ts": stamp} | ({} if kind is None else {"writer": f"{kind} desk:1:abc {stamp}"})
    for name, value in mark.items():
        await around.redis.hset(around.keys.stream_analytics(), name, value)


@pytest.mark.parametrize(
    ("chain", "writer", "painted"),
    [
        ("mock", "mock", True),
        ("mock", "massive", False),
        ("mock", None, False),  # another program's stream may be live
        ("capture", "mock", False),
        ("massive", "massive", True),
        ("massive", None, True),
        ("massive", "mock", False),
    ],
)
async def test_the_stream_of_one_kind_is_not_painted_over_snapshots_of_another(
    around: Surroundings, chain: Any, writer: str | None, painted: bool
) -> None:
    await around.publish(kind=chain)
    await around.add(around.quote())
    await written_by(around, writer)
    term = await begun(around)
    await around.add(around.trade())
    await play(around, term)
    field = (await around.staged())[CALL]
    assert (b'"quote_seq"' in field, b'"trade_seq"' in field) == (painted, painted)
    assert bool(term.reading.foreign) is not painted


async def test_what_another_kind_began_to_write_is_taken_back_until_it_is_over(around: Surroundings) -> None:
    await around.publish()
    await written_by(around, "mock")
    term = await begun(around)
    await around.add(around.quote())
    await play(around, term)
    assert b'"quote_seq"' in (await around.staged())[CALL]
    around_clock(around).advance(1)
    await around.add(around.trade())
    await written_by(around, "massive")
    [flush] = await play(around, term)
    assert b'"stream"' not in (await around.staged())[CALL] and flush.dirty == {CALL}
    assert term.reading.foreign == "the stream is of live data, and left out of chains of another kind"
    around_clock(around).advance(5)
    await around.add(around.quote(seq=2))
    await written_by(around, "mock")
    await play(around, term)
    assert b'"quote_seq":2' in (await around.staged())[CALL] and term.reading.foreign == ""
    around_clock(around).advance(1)
    await around.publish(quoted_ms=around.now_ms - 60_000)  # what was left out stays out under the next snapshot
    await play(around, term)
    assert b'"trade_seq"' not in (await around.staged())[CALL]
