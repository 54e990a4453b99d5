"""The builder's laws: the same state is the same bytes however it came, and diffs lead from one whole to the next."""

from dataclasses import dataclass
from datetime import timedelta

import orjson
from hypothesis import given
from hypothesis import strategies as st

from chain.model.keys import ChainId
from chain.monitor.states import State
from chain.pipeline.follow import apply
from chain.pipeline.heatmap import DIFF_FORM, ENCODER, MODEL_FORM
from chain.pipeline.staging import StagingMeta
from chain.pipeline.ticker import OptionTicker, Side
from mmaker.flush import ChainFlush
from mmaker.heatmap.builder import HeatmapBuilder
from mmaker.heatmap.options import HeatmapOptions
from tests.support.builders import SPX, TS_MS, law
from tests.support.staged import flush_of, meta_of, option

CHAINS = [ChainId("SPX", SPX.expiry + timedelta(days=day)) for day in range(3)]
STRIKES = range(6910, 6955, 5)
SIDES: tuple[Side, ...] = ("call", "put")
OPTIONS = HeatmapOptions({"SPX": (5, 10, 20)}, 7)

Mid = tuple[float, int] | None
mids = st.none() | st.tuples(st.integers(0, 800).map(lambda n: n / 40), st.integers(TS_MS - 5, TS_MS + 5))


class Market:
    """Chains whose mids change, and the flushes that a compositor makes of them."""

    def __init__(self) -> None:
        self.quoted: dict[ChainId, dict[OptionTicker, Mid]] = {
            chain: {
                option(side, strike, chain): (abs(strike - 6930) / 4 + 3, TS_MS) for strike in STRIKES for side in SIDES
            }
            for chain in CHAINS
        }
        self.atm = dict.fromkeys(CHAINS, 6930)
        self.steps = 0

    def whole(self, chain: ChainId) -> ChainFlush:
        """Return a flush of all contracts, as after a snapshot."""
        return flush_of(self.quoted[chain], chain, meta=self._meta(chain))

    def quote(self, chain: ChainId, contract: OptionTicker, mid: Mid) -> ChainFlush:
        """Change a mid; return the flush of it."""
        self.steps += 1
        self.quoted[chain][contract] = mid
        return flush_of(self.quoted[chain], chain, dirty=[contract], meta=self._meta(chain))

    def list(self, chain: ChainId, strikes: range, atm: int) -> ChainFlush:
        """List other strikes around another ATM; return the flush of it."""
        before = self.quoted[chain]
        self.atm[chain] = atm
        listed = [option(side, strike, chain) for strike in strikes for side in SIDES]
        self.quoted[chain] = {contract: before.get(contract, (2.0, TS_MS)) for contract in listed}
        return self.whole(chain)

    def _meta(self, chain: ChainId) -> StagingMeta:
        return meta_of(chain, position=f"{self.steps}-0", atm=self.atm[chain])


def raw_of(builder: HeatmapBuilder) -> bytes:
    return ENCODER.encode(builder.model())


def built(flushes: list[ChainFlush]) -> HeatmapBuilder:
    builder = HeatmapBuilder("SPX", OPTIONS)
    for flush in flushes:
        builder.update(flush)
    builder.take()
    return builder


@dataclass(frozen=True, slots=True)
class Quoted:
    """A mid that changes, of a contract that may not be listed any more."""

    chain: ChainId
    strike: int
    side: Side
    mid: Mid


@dataclass(frozen=True, slots=True)
class Listed:
    """Other strikes around another ATM."""

    chain: ChainId
    strikes: range
    atm: int


Change = Quoted | Listed
quotes = st.builds(Quoted, st.sampled_from(CHAINS), st.sampled_from(STRIKES), st.sampled_from(SIDES), mids)
listings = st.builds(
    Listed,
    st.sampled_from(CHAINS),
    st.sampled_from([range(6910, 6955, 5), range(6900, 6930, 5)]),
    st.sampled_from([6930, 6915]),
)
some_changes = st.lists(quotes | listings, max_size=12)


def play(market: Market, change: Change) -> ChainFlush:
    if isinstance(change, Listed):
        return market.list(change.chain, change.strikes, change.atm)
    contract = option(change.side, change.strike, change.chain)
    if contract in market.quoted[change.chain]:
        return market.quote(change.chain, contract, change.mid)
    return market.whole(change.chain)


@law
@given(some_changes, st.lists(st.booleans(), min_size=12, max_size=12))
def test_a_state_is_the_same_bytes_however_it_came(changes: list[Change], takes: list[bool]) -> None:
    """In one batch or many, by flushes of what changed or by whole ones, repeated, and whichever chain came first."""
    market = Market()
    stepwise = built([market.whole(chain) for chain in CHAINS])
    for change, take in zip(changes, takes, strict=False):
        flush = play(market, change)
        stepwise.update(flush)
        stepwise.update(flush)
        if take:
            stepwise.take()
    last = [market.whole(chain) for chain in CHAINS]
    for flush in last:
        stepwise.update(flush)
    stepwise.take()
    at_once = built(last[::-1])
    assert raw_of(stepwise) == raw_of(at_once)
    assert stepwise.take() is None


@law
@given(some_changes)
def test_a_diff_leads_from_one_whole_to_exactly_the_next(changes: list[Change]) -> None:
    market = Market()
    builder = built([market.whole(chain) for chain in CHAINS])
    raw = raw_of(builder)
    for change in changes:
        builder.update(play(market, change))
        diff = builder.take()
        if diff is None:
            assert raw_of(builder) == raw
            continue
        sent = DIFF_FORM.decode(ENCODER.encode(diff))
        followed = apply(sent, MODEL_FORM.decode(raw))
        raw = raw_of(builder)
        assert ENCODER.encode(followed) == raw


@law
@given(some_changes)
def test_equal_versions_are_equal_content(changes: list[Change]) -> None:
    market = Market()
    builder = built([market.whole(chain) for chain in CHAINS])
    found: dict[str, bytes] = {}
    for change in changes:
        builder.update(play(market, change))
        builder.take()
        assert found.setdefault(builder.version, raw_of(builder)) == raw_of(builder)


def test_a_model_is_written_as_it_is_documented() -> None:
    quoted = {option("call", 6930): (12.35, TS_MS), option("call", 6935): (9.0, TS_MS + 1)}
    builder = HeatmapBuilder("SPX", HeatmapOptions({"SPX": (5,)}))
    builder.update(flush_of(quoted, meta=meta_of(position="7-1"), state=State.AGING))
    builder.take()
    assert orjson.loads(raw_of(builder)) == {
        "schema": 1,
        "underlying": "SPX",
        "ts": (TS_MS + 1) / 1000,
        "version": builder.version,
        "spot": 6931.25,
        "atm": 6930,
        "widths": [5],
        "expirations": [
            {
                "expiration": "2026-01-02",
                "dte": 7,
                "snapshot": f"massive:chain:snapshot:SPX:2026-01-02:{TS_MS}",
                "position": "7-1",
                "state": "AGING",
            }
        ],
        "tiles": {
            "single:2026-01-02:0:6930:call": {
                "debit": 12.35, "max_profit": None, "max_loss": 12.35, "legs": [[6930.0, 1]], "oldest_ms": TS_MS
            },
            "single:2026-01-02:0:6935:call": {
                "debit": 9.0, "max_profit": None, "max_loss": 9.0, "legs": [[6935.0, 1]], "oldest_ms": TS_MS + 1
            },
            "vertical:2026-01-02:5:6930:call": {
                "debit": 3.35, "max_profit": 1.65, "max_loss": 3.35, "legs": [[6930.0, 1], [6935.0, -1]],
                "oldest_ms": TS_MS,
            },
        },
    }  # fmt: skip


def test_only_positions_with_a_leg_that_changed_are_made_again() -> None:
    market = Market()
    builder = built([market.whole(chain) for chain in CHAINS])
    builder.update(market.quote(CHAINS[1], option("call", 6930, CHAINS[1]), (4.5, TS_MS + 3)))
    diff = builder.take()
    assert diff is not None
    assert not diff.removed
    assert diff.changed
    for name, tile in diff.changed.items():
        assert name.split(":")[1] == CHAINS[1].expiry.isoformat()
        assert 6930 in [strike for strike, _ in tile.legs]
        assert name.endswith("call")


def test_an_expiration_that_is_dropped_takes_its_tiles_along() -> None:
    market = Market()
    builder = built([market.whole(chain) for chain in CHAINS])
    before = MODEL_FORM.decode(raw_of(builder))
    builder.drop(CHAINS[0].expiry)
    diff = builder.take()
    assert diff is not None
    assert not diff.changed
    assert set(diff.removed) == {name for name in before.tiles if CHAINS[0].expiry.isoformat() in name}
    assert (
        ENCODER.encode(apply(diff, before)) == raw_of(builder) == raw_of(built([market.whole(c) for c in CHAINS[1:]]))
    )


def test_spot_and_atm_are_those_of_the_newest_snapshot() -> None:
    market = Market()
    flushes = [market.whole(chain) for chain in CHAINS]
    newer = flush_of(market.quoted[CHAINS[1]], CHAINS[1], meta=meta_of(CHAINS[1], atm=6940, ts_ms=TS_MS + 1))
    model = built([flushes[0], newer, flushes[2]]).model()
    assert (model.spot, model.atm) == (6941.25, 6940)


def test_a_state_alone_is_a_new_version() -> None:
    market = Market()
    builder = built([market.whole(chain) for chain in CHAINS])
    builder.judge(CHAINS[2].expiry, State.STALE, 9)
    diff = builder.take()
    assert diff is not None
    assert (diff.changed, diff.removed) == ({}, ())
    assert [each.state for each in diff.expirations] == ["FRESH", "FRESH", "STALE"]
