"""What is known of a chain's source beyond its age: how old the vendor's data are, whether its options trade now."""

from chain.clock import Instant
from chain.model.calendar import Calendar
from chain.model.keys import EPOCH_MIN_S
from chain.model.session import new_york, options_trade, regular_hours
from chain.model.summary import DataTime, Origin
from chain.monitor.board import ChainRecord, LastGood
from chain.redis.contract.kinds import CHANGE_TOLD_S
from chain.thresholds import OLD_SOURCE_DELAYED_S, OLD_SOURCE_S

_DAY_S = 86_400


def made_at(record: ChainRecord, good: LastGood) -> float:
    """Return the instant that a snapshot describes, epoch seconds: its stamp, or that of recorded data stamped anew."""
    source = record.source
    return good.snapshot.ts if source.as_of is None or source.speed is not None else source.as_of


def old_source(record: ChainRecord, good: LastGood) -> str:
    """Return by which stamp a snapshot's data are older than they may be, and how old; empty where they are not.

    A stamp that cannot be right vouches for no age: then nobody knows that the data are not old.
    """
    data, made = good.summary.data, made_at(record, good)
    if data is None:
        return ""
    age = made - data.ns / 1e9
    if data.ns < EPOCH_MIN_S * 10**9:
        return f"{data.origin} stamped {data.ns}, no epoch in nanoseconds: how old is unknown"
    if age < -_DAY_S and record.source.as_of is None:  # a recording's own now may lag behind its next record
        return f"{data.origin} stamped {_words(-age)} ahead of the snapshot: how old is unknown"
    old = _is_old(data, made, record.source.calendar, delayed=good.summary.delayed)
    return f"{data.origin} {_words(age)} old" if old else ""


def _words(seconds: float) -> str:
    if seconds >= 2 * _DAY_S:
        return f"{seconds / _DAY_S:.0f} d"
    return f"{seconds / 3600:.1f} h" if seconds >= 3600 else f"{seconds:.0f} s"


def _is_old(data: DataTime, made: float, calendar: Calendar, *, delayed: bool) -> bool:
    """Return whether data are old: quotes and spot by seconds, trades and day bars by trading days.

    A contract may well not trade for a day, and a day's bar carries its midnight: those of the session before will do.
    """
    if data.origin in (Origin.QUOTE, Origin.UNDERLYING):
        return made - data.ns / 1e9 > (OLD_SOURCE_DELAYED_S if delayed else OLD_SOURCE_S)
    return new_york(data.ns / 1e9).date() < calendar.trading_day_before(new_york(made).date())


def source_changed(record: ChainRecord, now: Instant) -> bool:
    """Return whether a chain's source has changed its kind, within the hour, and nobody has acknowledged it."""
    change = record.change
    if change is None or change.at == record.acknowledged or change.before == change.after:
        return False
    return now.wall_s - change.at < CHANGE_TOLD_S


def off_hours(record: ChainRecord, now: Instant) -> bool:
    """Return whether a chain's options do not trade at the instant that counts for it.

    Only where that can be known: of recorded data by their own time, of live data by what the vendor says of the
    market. The vendor speaks of shares in their regular session; the other hours of options are computed here.
    """
    source, market = record.source, record.source.market
    if market == "open" or (not market and source.as_of is None):
        return False
    at = source.now_s(now)
    if market == "closed" and regular_hours(at, source.calendar):
        return True
    index = record.last_good is not None and record.last_good.summary.index
    return not options_trade(record.chain.underlying, at, index=index, calendar=source.calendar)
