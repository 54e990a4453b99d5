"""Completeness and data age of a snapshot, in one pass over its contracts."""

from collections.abc import Callable, Sequence
from enum import StrEnum

from msgspec import Struct

from chain.model.contract import Asset, Day, Item, Quote, Trade, number, part, stamp_ns
from chain.model.grid import Condition, two_sided
from chain.model.placement import Centre, Misfit, Place, centred, placed
from chain.model.snapshot import Received


class Origin(StrEnum):
    """Which of the vendor's timestamps dates a snapshot's data; the first one present counts."""

    QUOTE = "quotes"
    UNDERLYING = "underlying"
    TRADE = "last trade"
    DAY = "day"


class DataTime(Struct, frozen=True):
    """The vendor's own time of a snapshot's data, epoch ns: the median of quotes, else the newest of its origin."""

    ns: int
    origin: Origin


class Summary(Struct, frozen=True):
    """Counts over one snapshot. `data` is None where no contract carries a stamp; `spot` in points.

    `calls`, `puts` and `strikes` are of usable contracts; `misfit` is why the first that is not, is not. `off_centre`
    says in what spot, ATM and strikes contradict each other; `unsound` counts quotes where there is no sound one.
    """

    contracts: int
    usable: int
    adjusted: int  # contracts of other than 100 shares, which are left out by rule
    calls: int
    puts: int
    strikes: int
    priced: bool  # whether any usable contract carries a price or a volatility
    unsound: int
    off_centre: str
    misfit: str
    spot: float | None
    data: DataTime | None
    delayed: bool
    index: bool  # whether the underlying is an index, by its ticker

    @property
    def unusable(self) -> str:
        """Why nothing in the snapshot can be used, or ""."""
        if self.usable:
            return ""
        if not self.contracts:
            return "no contracts"
        why = self.misfit or "all are adjusted, of other than 100 shares"
        return f"none of its {self.contracts} contracts is usable: {why}"

    @property
    def shortfall(self) -> str:
        """Which usable contracts, or sides, the snapshot lacks, or ""."""
        standard = self.contracts - self.adjusted
        if self.usable < standard:
            return f"{self.usable} of {standard} contracts usable: {self.misfit}"
        if lopsided(self.calls, self.puts):
            return f"{self.calls} calls beside {self.puts} puts"
        if not self.priced:
            return f"no price in any of its {self.usable} contracts"
        if self.unsound:
            return f"no sound quote: {self.unsound} are crossed, locked, negative or no numbers"
        return self.off_centre


_LOPSIDED = 4  # windows cut by volatility hold up to twice as many of one side; beyond this many, one was lost


def lopsided(calls: int, puts: int) -> bool:
    """Return whether a window holds so few of one side, compared with the other, that some must be missing."""
    return calls * _LOPSIDED < puts or puts * _LOPSIDED < calls


def summarise(snapshot: Received) -> Summary:
    """Return the counts of a snapshot's contracts. Usable are those, and only those, that its grid would show."""
    usable: list[Item] = []
    places: list[Place] = []
    misfits: list[Misfit] = []
    for item, at in placed(snapshot.contracts, snapshot.id.chain):
        if isinstance(at, Misfit):
            misfits.append(at)
        else:
            usable.append(item)
            places.append(at)
    calls = sum(at.side == "call" for at in places)
    strikes = {at.strike for at in places}
    spot, index = _underlying(usable)
    centre = centred(snapshot, min(strikes), max(strikes), spot) if strikes else Centre(None)
    return Summary(
        contracts=len(snapshot.contracts),
        usable=len(places),
        adjusted=sum(misfit.adjusted for misfit in misfits),
        calls=calls,
        puts=len(places) - calls,
        strikes=len(strikes),
        priced=any(map(_has_price, usable)),
        unsound=_unsound_quotes(usable),
        off_centre=centre.fault,
        misfit=next((misfit.reason for misfit in misfits if not misfit.adjusted), ""),
        spot=centre.spot,
        data=_data_time(snapshot.contracts),
        delayed=any(map(_is_delayed, snapshot.contracts)),
        index=index,
    )


def _underlying(usable: Sequence[Item]) -> tuple[float | None, bool]:
    """Return the underlying's price in points, None where no contract carries one; and whether it is an index."""
    index = False
    for item in usable:
        ticker = part(item.underlying_asset, Asset).ticker
        index = isinstance(ticker, str) and ticker.startswith("I:")
        if item.spot is not None:
            return item.spot, index
    return None, index


def _is_delayed(item: Item) -> bool:
    """Return whether the vendor calls a contract's figures delayed: its quote, else its last trade, else the price."""
    told = part(item.last_quote, Quote).timeframe or part(item.last_trade, Trade).timeframe
    return (told or part(item.underlying_asset, Asset).timeframe) == "DELAYED"


def _unsound_quotes(usable: Sequence[Item]) -> int:
    """Return the number of unsound quotes if not a single one is sound; else 0."""
    unsound = 0
    for item in usable:
        quote = part(item.last_quote, Quote)
        condition = two_sided(quote)[2]
        if condition is Condition.OK:
            return 0
        unsound += _is_unsound(quote, condition)
    return unsound


def _has_price(item: Item) -> bool:
    """Return whether a contract carries any figure from which it could be valued."""
    quote = part(item.last_quote, Quote)
    found = (quote.bid, quote.ask, part(item.last_trade, Trade).price, part(item.day, Day).close)
    return any((number(value) or 0) > 0 for value in (*found, item.implied_volatility))


def _is_unsound(quote: Quote, condition: Condition) -> bool:
    """Return whether there is a quote and it is unsound; a one-sided or zero quote may be real."""
    if condition is Condition.NONE:
        return any(value is not None and number(value) is None for value in (quote.bid, quote.ask))
    return condition in (Condition.CROSSED, Condition.LOCKED, Condition.NEGATIVE)


_STAMPS: dict[Origin, Callable[[Item], object]] = {
    Origin.QUOTE: lambda item: part(item.last_quote, Quote).last_updated,
    Origin.UNDERLYING: lambda item: part(item.underlying_asset, Asset).last_updated,
    Origin.TRADE: lambda item: part(item.last_trade, Trade).sip_timestamp,
    Origin.DAY: lambda item: part(item.day, Day).last_updated,
}


def _data_time(contracts: Sequence[Item]) -> DataTime | None:
    """Return the time of the best origin that has one. Quotes by their median, the lower of two in the middle.

    An old trade beside a new one tells of a quiet contract, not of old data: there the newest counts.
    """
    for origin, stamp_of in _STAMPS.items():
        found = [at for contract in contracts if (at := stamp_ns(stamp_of(contract))) is not None]
        if found:
            return DataTime(sorted(found)[(len(found) - 1) // 2] if origin is Origin.QUOTE else max(found), origin)
    return None
