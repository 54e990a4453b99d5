"""Data age and market hours: how old the vendor's data in a snapshot are, and whether its options trade now."""

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
    """Return the instant a snapshot describes, epoch seconds: its timestamp, or for recorded data the original one."""
    source = record.source
    return good.snapshot.ts if source.as_of is None or source.speed is not None else source.as_of


def old_source(record: ChainRecord, good: LastGood) -> str:
    """Return which timestamp shows that a snapshot's data are too old, and how old; "" if they are not.

    An impossible timestamp proves no age, so it is reported as unknown.
    """
    data, made = good.summary.data, made_at(record, good)
    if data is None:
        return ""
    age = made - data.ns / 1e9
    if data.ns < EPOCH_MIN_S * 10**9:
        return f"{data.origin} stamped {data.ns}, no epoch in nanoseconds: how old is unknown"
    if age < -_DAY_S and record.source.as_of is None:  # a recording's clock may lag behind its next record
        return f"{data.origin} stamped {span_words(-age)} ahead of the snapshot: how old is unknown"
    old = _is_old(data, made, record.source.calendar, delayed=good.summary.delayed)
    return f"{data.origin} {span_words(age)} old" if old else ""


def span_words(seconds: float) -> str:
    """Return a span of time as people say it: `34 s`, `12 min`, `100 d`."""
    if seconds >= 2 * _DAY_S:
        return f"{seconds / _DAY_S:.0f} d"
    return f"{seconds / 3600:.1f} h" if seconds >= 3600 else f"{seconds:.0f} s"


def _is_old(data: DataTime, made: float, calendar: Calendar, *, delayed: bool) -> bool:
    """Return whether data are old: quotes and spot by seconds, trades and day bars by trading days.

    A contract may not trade for a day, and a day bar is stamped midnight: those of the previous session are fine.
    """
    if data.origin in (Origin.QUOTE, Origin.UNDERLYING):
        return made - data.ns / 1e9 > (OLD_SOURCE_DELAYED_S if delayed else OLD_SOURCE_S)
    return new_york(data.ns / 1e9).date() < calendar.trading_day_before(new_york(made).date())


def source_changed(record: ChainRecord, now: Instant) -> bool:
    """Return whether the kind of a chain's source changed within the last hour and nobody has acknowledged it."""
    change = record.change
    if change is None or change.at == record.acknowledged or change.before == change.after:
        return False
    return now.wall_s - change.at < CHANGE_TOLD_S


def off_hours(record: ChainRecord, now: Instant) -> bool:
    """Return whether the market for a chain's options is closed, by the time its data are judged by.

    Only if that can be known: for recorded data from their own time, for live data from the vendor's market
    status. The vendor reports the regular session of stocks; other option hours are computed here.
    """
    source, market = record.source, record.source.market
    if market == "open" or (not market and source.as_of is None):
        return False
    at = source.now_s(now)
    if market == "closed" and regular_hours(at, source.calendar):
        return True
    index = record.last_good is not None and record.last_good.summary.index
    return not options_trade(record.chain.underlying, at, index=index, calendar=source.calendar)
