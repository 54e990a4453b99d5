"""A tile of the heatmap: its place in the model, its formula, and each leg with the mid that its snapshot has."""

from collections.abc import Iterator
from math import isclose

from chain.model.grid import leg_of
from chain.model.placement import Place, placed
from chain.model.session import settlement
from chain.monitor.explain.explanation import Explanation, Fact, Section, number, seconds, section, stamp
from chain.monitor.explain.origin import snapshot_section
from chain.monitor.explain.payload import Contract, Payload
from chain.monitor.explain.question import Question, TileOf
from chain.monitor.explain.times import vendor_time
from chain.pipeline.heatmap import ModelExpiration, Tile
from chain.pipeline.heatmap_index import TileName, read_tile_name

_FORMULAS = {
    "butterfly": "m(K-w) - 2 m(K) + m(K+w) of the mids m of its legs",
    "vertical": "m(K) - m(K+w) of calls, m(K) - m(K-w) of puts, of the mids m of its legs",
    "single": "the mid of the contract",
}
_NO_TILE = "the model has no such tile: a leg is not listed, or has no mid"
_NEGATIVE = "the mids of its legs give a negative debit, at which nobody trades"
_TICK = 1e-6
_QUOTED = ("last_quote", "last_updated")
_BEFORE_THE_STREAM = ("", "0-0")


def explain_tile(question: Question, asked: TileOf) -> Explanation:
    """Return where a tile comes from. Its value is the debit in the model; its legs' mids are the snapshot's."""
    named = read_tile_name(asked.name)
    title = f"{asked.model.underlying} {asked.name}"
    made = next((one for one in asked.model.expirations if named and one.expiration == named.expiration), None)
    sections = [_value(asked, named), _model(question, asked, made)]
    if named is not None and asked.tile is not None:
        sections.append(Section("LEGS", tuple(_legs(question, named, asked.tile, made))))
    return Explanation(title, asked.tile.debit if asked.tile else None, (*sections, snapshot_section(question)))


def _value(asked: TileOf, named: TileName | None) -> Section:
    tile = asked.tile
    missing = _NO_TILE if tile is None else _NEGATIVE if tile.debit is None else ""
    debit = "" if tile is None or tile.debit is None else f"{number(tile.debit)} points, the debit"
    profit = "" if tile is None or tile.max_profit is None else f"{number(tile.max_profit)} points"
    return section(
        "VALUE",
        ("value", debit),
        ("missing", missing),
        ("formula", _FORMULAS[named.strategy] if named else ""),
        ("max profit", profit),
        ("max loss", "" if tile is None or tile.max_loss is None else f"{number(tile.max_loss)} points"),
    )


def _model(question: Question, asked: TileOf, made: ModelExpiration | None) -> Section:
    """Return where the model stands, and what of snapshots and stream is in it."""
    model, now_s = asked.model, question.moment.board.now_s(question.moment.now)
    oldest = "" if asked.tile is None else _instant(asked.tile.oldest_ms / 1000, now_s)
    merged = "the snapshot alone, no entry of the stream"
    if made is not None and made.position not in _BEFORE_THE_STREAM:
        merged = f"{made.position} of {question.keys.stream()}: the last entry merged"
    return section(
        "MODEL",
        ("key", question.keys.heatmap(model.underlying) if not question.is_past else ""),
        ("made", "of the snapshots of then, as a compositor does" if question.is_past else ""),
        ("field", f'tiles["{asked.name}"]'),
        ("version", model.version),
        ("newest value", _instant(model.ts, now_s)),
        ("oldest leg", oldest),
        ("stands on", made.snapshot if made else ""),
        ("position", merged),
    )


def _instant(epoch_s: float, now_s: float) -> str:
    return f"{stamp(epoch_s)}, {seconds(max(0.0, now_s - epoch_s))} ago"


def _legs(question: Question, named: TileName, tile: Tile, made: ModelExpiration | None) -> Iterator[Fact]:
    """Yield each leg with its mid in the snapshot, and whether those give the debit."""
    good = question.good
    if good is None or made is None or made.snapshot != question.keys.snapshot(good.snapshot.id):
        for strike, count in tile.legs:
            yield Fact(_order(strike, count), f"{named.side}; the model stands on another snapshot than the newest")
        return
    payload = Payload.of(good.snapshot)
    side, _, label = named.side.partition("@")
    root = label or _unlabelled(payload)
    total: float | None = 0.0
    for strike, count in tile.legs:
        contract = payload.at(Place(strike, root, side))
        mid = leg_of(contract.item).mid if contract else None
        total = None if total is None or mid is None else total + count * mid
        yield Fact(_order(strike, count), f"mid {number(mid)}: {_quote(contract)}")
        if contract is not None:
            yield Fact("", f"vendor time {vendor_time(question, contract, _QUOTED)}")
    yield Fact("by snapshot", _compared(total, tile))


def _unlabelled(payload: Payload) -> str:
    """Return the root that a tile's name leaves out: the only one, else the first that settles in the afternoon."""
    roots = {
        at.root for _, at in placed(payload.received.contracts, payload.received.id.chain) if isinstance(at, Place)
    }
    return min(roots, key=lambda root: (settlement(root) == "AM", root), default="")


def _quote(contract: Contract | None) -> str:
    """Return where bid and ask of a leg stand, and how they are written."""
    if contract is None:
        return "not listed"
    sides = [contract.written(("last_quote", name)) for name in ("bid", "ask")]
    return ", ".join(f"{side.path} {side.text or 'absent'}" for side in sides)


def _order(strike: float, count: int) -> str:
    return f"{'buy' if count > 0 else 'sell'} {abs(count)} x {strike:g}"


def _compared(total: float | None, tile: Tile) -> str:
    if total is None:
        return "a leg has no mid in the snapshot: the stream's is in the model"
    if tile.debit is not None and isclose(total, tile.debit, abs_tol=_TICK):
        return f"{number(round(total, 6))}, as in the model"
    return f"{number(round(total, 6))}; the stream's newer mids are in the model"
