"""The pipeline of a scene: a few quotes of the stream over its snapshots, merged and modelled as the product does it.

What runs on threads and by the wall clock in the product is done here step by step, on the scene's own clock.
"""

from collections.abc import Iterator, Mapping

from chain.clock import Instant
from chain.model.keys import ChainId, KeySchema, heartbeat_key
from chain.model.snapshot import SnapshotHeader
from chain.monitor.board import ChainRecord
from chain.monitor.messages.compositor import CompositorBeat, ModelStatus, StagedChain
from chain.monitor.states import State
from chain.pipeline.events import Quote
from chain.pipeline.heatmap_index import index_of
from chain.pipeline.staging import StagedContract, StagingMeta, Value
from mmaker.flush import ChainFlush
from mmaker.heatmap.builder import HeatmapBuilder
from mmaker.merge.state import StagedChainState
from screenshots.scenes import SCENES, START, Picture, Stage, calm, eventful, troubled
from tui.ports.board_source import HeatmapView, StagedView
from tui.terminal.depth import Depth

UNDERLYING = "SPX"
_QUOTED_CHAINS = 2  # the nearest
_QUOTED_STRIKES = 4  # on either side of the ATM
_TICK = 0.1  # by which the stream quotes higher
_BEFORE_S = 0.4  # how long ago the stream's newest quote was made
_EVENTS = 1_274
_EVENTS_S = 204.0


async def flowing(stage: Stage) -> None:
    """A calm market with its pipeline alive."""
    await calm(stage)
    await flow(stage)


async def standing(stage: Stage) -> None:
    """The stream goes on over a snapshot that is stale, and the compositor has fallen silent."""
    await troubled(stage)
    await flow(stage)
    for _ in range(4):
        stage.clock.advance(10)
        await _mark_stream(stage)
        await stage.cycle()
    stage.clock.advance(0.8)
    await _mark_stream(stage)
    await stage.look()


async def flow(stage: Stage) -> None:
    """Have the stream quote what is near the money, stage it, make the model of it, and say so in a heartbeat."""
    await _mark_stream(stage)
    now = Instant.now(stage.clock)
    records = [one for one in (await stage.look()).chains.records if one.chain.underlying == UNDERLYING]
    good = [record for record in records if record.last_good is not None]
    flushes = [_flush(record, now, quoted=place < _QUOTED_CHAINS) for place, record in enumerate(good)]
    builder = HeatmapBuilder(UNDERLYING)
    for flush in flushes:
        builder.update(flush)
        builder.judge(flush.chain.expiry, State.FRESH, (flush.chain.expiry - flushes[0].chain.expiry).days)
    builder.take()
    model = builder.model()
    stage.slot.put_heatmap(HeatmapView(UNDERLYING, model, index=index_of(model.tiles)))
    stage.slot.put_staged(StagedView(flushes[0].chain, flushes[0].meta, flushes[0].contracts))
    wall_s = now.wall_s
    beat = CompositorBeat(
        service=KeySchema().compositor,
        ts=wall_s,
        pid=1,
        status="leading",
        since=wall_s - 60,
        interval_s=0.2,
        position=flushes[0].meta.position,
        lag=0,
        events=_EVENTS,
        events_s=_EVENTS_S,
        chains=tuple(_staged(flush, wall_s) for flush in flushes),
        models=(ModelStatus(UNDERLYING, model.version, model.ts, wall_s - 0.6, len(model.tiles)),),
    )
    await stage.redis.set(heartbeat_key(KeySchema().compositor), beat.encode())
    await stage.look()


async def _mark_stream(stage: Stage) -> None:
    """Leave the signs of a stream that has just been written to."""
    last_s = stage.clock.wall / 1e9 - 0.2
    keys = KeySchema()
    events = round((last_s - START.timestamp()) * _EVENTS_S)
    counts = {"last_ts": repr(last_s), "frames": events // 10, "messages_processed": events}
    await stage.redis.hset(keys.stream_analytics(), mapping={name: str(value) for name, value in counts.items()})
    await stage.redis.delete(keys.stream())
    await stage.redis.xadd(keys.stream(), {"ts": repr(last_s), "payload": "[]"}, id=f"{round(last_s * 1000)}-0")


def _flush(record: ChainRecord, now: Instant, *, quoted: bool) -> ChainFlush:
    """Return a chain as staged, the contracts near its money quoted by the stream."""
    assert record.last_good is not None
    snapshot = record.last_good.snapshot.open()
    state = StagedChainState(record.chain)
    state.apply_snapshot(snapshot)
    contracts = state.take_changes().contracts
    for quote in _quotes(contracts, snapshot.atm, now) if quoted else ():
        state.apply(quote, now.wall_ms)
    changed = state.take_changes()
    meta = _meta(record.chain, snapshot.header, record.last_good.summary.spot, now)
    return ChainFlush(record.chain, meta, changed.contracts, frozenset(changed.contracts), whole=True)


def _quotes(contracts: Mapping[str, StagedContract], atm: int, now: Instant) -> Iterator[Quote]:
    """Yield a quote a tick higher of each contract near the money, as far apart as its snapshot has them."""
    strikes = sorted({contract.strike for contract in contracts.values()}, key=lambda strike: abs(strike - atm))
    near = frozenset(strikes[: 2 * _QUOTED_STRIKES])
    at_ms = now.wall_ms - round(_BEFORE_S * 1000)
    for ticker, contract in contracts.items():
        if contract.strike in near and isinstance(contract.bid, Value) and isinstance(contract.ask, Value):
            bid, ask = (round(value + _TICK, 2) for value in (contract.bid.value, contract.ask.value))
            yield Quote(ticker, bid, ask, 10, 10, at_ms)


def _meta(chain: ChainId, header: SnapshotHeader, spot: float | None, now: Instant) -> StagingMeta:
    return StagingMeta(
        snapshot=KeySchema().snapshot(header.id),
        ts=header.ts,
        spot=spot,
        atm=header.atm,
        position=f"{now.wall_ms - round(_BEFORE_S * 1000)}-0",
        flushed=now.wall_s - 0.3,
    )


def _staged(flush: ChainFlush, now_s: float) -> StagedChain:
    meta = flush.meta
    return StagedChain(
        flush.chain.underlying, flush.chain.expiry.isoformat(), meta.snapshot, meta.position, now_s - 0.3, _EVENTS
    )


PIPELINE_SCENES = (
    Picture("heatmap-80x24", 80, 24, flowing, keys=("2", "enter")),
    Picture("heatmap-120x40", 120, 40, flowing, keys=("2", "j", "j", "l")),
    Picture("heatmap-200x60", 200, 60, flowing, keys=("2", "c", "x")),
    Picture("heatmap-120x40-256", 120, 40, flowing, depth=Depth.EIGHT_BIT, keys=("2", "v", "v")),
    Picture("heatmap-120x40-stale", 120, 40, standing, keys=("2",)),
    Picture("heatmap-120x40-none", 120, 40, calm, keys=("2",)),
    Picture("heatmap-120x40-past", 120, 40, eventful, keys=("2", "T", *"10:05:00", "enter"), underlyings=("SPX",)),
    Picture("pipeline-120x40-trouble", 120, 40, standing),
)
PICTURES = (*SCENES, *PIPELINE_SCENES)
