"""What one pass over a snapshot's contracts tells of its wholeness and of its data's age."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from chain.model.fields import block, number, spot_of
from chain.model.keys import ChainId
from chain.model.placement import Misfit, Place, placed
from chain.model.snapshot import Contract


class Origin(StrEnum):
    """Which of the vendor's stamps tells how old a snapshot's data are; the first that it carries."""

    QUOTE = "quotes"
    UNDERLYING = "underlying"
    TRADE = "last trade"
    DAY = "day"


@dataclass(frozen=True, slots=True)
class DataTime:
    """The vendor's own time of a snapshot's data, epoch ns: the median of quotes, else the newest of its origin."""

    ns: int
    origin: Origin


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts over one snapshot. `data` is None where no contract carries a stamp; `spot` in points.

    `calls`, `puts` and `strikes` are of usable contracts; `misfit` is why the first that is not, is not.
    """

    contracts: int
    usable: int
    adjusted: int  # contracts of other than 100 shares, which are left out by rule
    calls: int
    puts: int
    strikes: int
    priced: bool  # whether any usable contract carries a price or a volatility
    misfit: str
    spot: float | None
    data: DataTime | None
    delayed: bool
    index: bool  # whether the underlying is an index, by its ticker

    @property
    def unusable(self) -> str:
        """Why nothing of the snapshot can be used; empty where something can."""
        if self.usable:
            return ""
        if not self.contracts:
            return "no contracts"
        why = self.misfit or "all are adjusted, of other than 100 shares"
        return f"none of its {self.contracts} contracts is usable: {why}"

    @property
    def shortfall(self) -> str:
        """In what the snapshot has fewer usable contracts, or sides, than it should; empty where it has all."""
        standard = self.contracts - self.adjusted
        if self.usable < standard:
            return f"{self.usable} of {standard} contracts usable: {self.misfit}"
        few, many = sorted((self.calls, self.puts))
        if few * _LOPSIDED < many:
            return f"{self.calls} calls beside {self.puts} puts"
        return "" if self.priced else f"no price in any of its {self.usable} contracts"


_LOPSIDED = 4  # windows cut by volatility hold up to twice as many of one side; beyond this many, one was lost
_STAMPS = (
    (Origin.QUOTE, "last_quote", "last_updated"),
    (Origin.UNDERLYING, "underlying_asset", "last_updated"),
    (Origin.TRADE, "last_trade", "sip_timestamp"),
    (Origin.DAY, "day", "last_updated"),
)


def summarise(contracts: Sequence[Contract], chain: ChainId) -> Summary:
    """Return the counts of a snapshot's contracts. Usable are those, and only those, that its grid would show."""
    places: list[Place] = []
    misfits: list[Misfit] = []
    times: dict[Origin, list[int]] = {origin: [] for origin in Origin}
    spot: float | None = None
    delayed = index = priced = False
    for item, at in placed(contracts, chain):
        for origin, name, field in _STAMPS:
            stamp = block(item, name).get(field)
            if type(stamp) is int and stamp > 0:
                times[origin].append(stamp)
        frames = (block(item, name).get("timeframe") for name in ("last_quote", "last_trade", "underlying_asset"))
        delayed = delayed or next(filter(None, frames), None) == "DELAYED"
        if isinstance(at, Misfit):
            misfits.append(at)
            continue
        places.append(at)
        priced = priced or _has_price(item)
        if spot is None:
            spot = spot_of(item)
            index = str(block(item, "underlying_asset").get("ticker")).startswith("I:")
    calls = sum(at.side == "call" for at in places)
    return Summary(
        contracts=len(contracts),
        usable=len(places),
        adjusted=sum(misfit.adjusted for misfit in misfits),
        calls=calls,
        puts=len(places) - calls,
        strikes=len({at.strike for at in places}),
        priced=priced,
        misfit=next((misfit.reason for misfit in misfits if not misfit.adjusted), ""),
        spot=spot,
        data=_data_time(times),
        delayed=delayed,
        index=index,
    )


def _has_price(item: Contract) -> bool:
    """Return whether a contract carries any figure from which it could be valued."""
    quote = block(item, "last_quote")
    found = (
        quote.get("bid"),
        quote.get("ask"),
        block(item, "last_trade").get("price"),
        block(item, "day").get("close"),
    )
    return any(number(value) for value in (*found, item.get("implied_volatility")))


def _data_time(times: Mapping[Origin, list[int]]) -> DataTime | None:
    """Return the time of the best origin that has one. Quotes by their median, the lower of two in the middle.

    An old trade beside a new one tells of a quiet contract, not of old data: there the newest counts.
    """
    for origin, stamps in times.items():
        if stamps:
            at = sorted(stamps)[(len(stamps) - 1) // 2] if origin is Origin.QUOTE else max(stamps)
            return DataTime(at, origin)
    return None
