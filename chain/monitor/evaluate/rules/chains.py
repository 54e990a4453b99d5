"""Rules about chains: how old, how whole, and how many there are of each underlying."""

import math
from collections.abc import Callable, Iterable, Sequence

from chain.model.kinds import is_recorded, kind_name, kind_phrase
from chain.model.session import new_york
from chain.monitor.board import ChainRecord
from chain.monitor.evaluate import provenance
from chain.monitor.evaluate.report import ChainStatus, Signal, stream_active, usable
from chain.monitor.evaluate.rules.context import Context, earliest, listed
from chain.monitor.evaluate.rules.severity import signal
from chain.monitor.states import Flag, State


def all_stale(context: Context) -> Iterable[Signal]:
    """No chain of the whole deck can be worked with."""
    if context.statuses and context.known and not any(r.in_use for r in context.statuses):
        since = max((r.since for r in context.statuses if r.since is not None), default=None)  # as the last one went
        states = " or ".join(dict.fromkeys(r.state for r in context.statuses))
        which = f"all {len(context.statuses)}" if len(context.statuses) > 1 else listed(context.statuses)
        yield signal("all-stale", f"no chain has a usable snapshot: {which} {states}", since)


def depth(context: Context) -> Iterable[Signal]:
    """Fewer expirations have a snapshot than should."""
    if not context.known:
        return
    for underlying in dict.fromkeys((*context.by_underlying, *sorted(context.board.chains.depth))):  # as on the board
        wanted = context.board.chains.depth.get(underlying, 0)
        listed_ones = context.by_underlying.get(underlying, ())
        mine = [r for r in listed_ones if Flag.PAST_DATED not in r.flags]
        lost = [r for r in mine if not usable(r)]
        have = len(mine) - len(lost)
        if have < wanted:
            states = " or ".join(dict.fromkeys(r.state for r in lost))
            which = listed(lost) if have or len(lost) == 1 else "all"
            past = len(listed_ones) - len(mine)
            no_more = f"{past} PAST-DATED" if past else "the publisher lists no more"
            why = f"{which} {states}" if lost else no_more
            yield signal("depth", f"{underlying} depth {have} of {wanted}: {why}", earliest(lost), underlying)


def stream_over_stale(context: Context) -> Iterable[Signal]:
    """The stream runs over a snapshot that is too old to carry it."""
    stale_ones = [r for group in context.in_state(State.STALE).values() for r in group]
    if stale_ones and stream_active(context.board, context.now):
        verb = "is" if len(stale_ones) == 1 else "are"
        text = f"stream active while {listed(stale_ones)} {verb} STALE, {_oldest(stale_ones)} s"
        yield signal("stream-over-stale", text, earliest(stale_ones))


def dangling(context: Context) -> Iterable[Signal]:
    """A pointer names a payload that is gone."""
    return _in_state(context, State.DANGLING)


def invalid(context: Context) -> Iterable[Signal]:
    """A pointer or payload breaks the contract."""
    return _in_state(context, State.INVALID)


def future(context: Context) -> Iterable[Signal]:
    """A snapshot is stamped ahead of this machine's clock."""
    return _in_state(context, State.FUTURE)


def stale(context: Context) -> Iterable[Signal]:
    """A snapshot is too old."""
    return _in_state(context, State.STALE)


def aging(context: Context) -> Iterable[Signal]:
    """A snapshot is late."""
    return _in_state(context, State.AGING)


def partial(context: Context) -> Iterable[Signal]:
    """A snapshot has fewer usable contracts, or sides, than it should."""
    return _flagged(
        context, Flag.PARTIAL, lambda record: record.last_good.summary.shortfall if record.last_good else ""
    )


def failing(context: Context) -> Iterable[Signal]:
    """A publisher says that it could not publish a chain; what it published before stays."""
    return _flagged(context, Flag.FAILING, lambda record: record.trouble, every=True)


def old_source(context: Context) -> Iterable[Signal]:
    """A new snapshot of old data."""
    return _flagged(
        context,
        Flag.OLD_SOURCE,
        lambda record: provenance.old_source(record, record.last_good) if record.last_good else "",
    )


def rolled_back(context: Context) -> Iterable[Signal]:
    """A pointer went back to an older snapshot."""
    return _flagged(context, Flag.ROLLED_BACK, _moved_back)


def past_dated(context: Context) -> Iterable[Signal]:
    """Chains whose sessions are over are still published: a recording, or a publisher that does not know the date."""
    group = context.flagged(Flag.PAST_DATED)
    if group:
        all_of_them = "nothing that still trades is published" if len(group) == len(context.statuses) else "not counted"
        over = "session is" if len(group) == 1 else "sessions are"
        yield signal("past-dated", f"{listed(group)} PAST-DATED: {len(group)} whose {over} over, {all_of_them}")


def limits_unfit(context: Context) -> Iterable[Signal]:
    """A publisher announces limits that its snapshots cannot live to reach: they would be fresh for ever."""
    for underlying, mine in context.by_underlying.items():
        group = [r for r in mine if r.record.thresholds.announced and r.limits is not r.record.thresholds]
        if group:
            told, used = group[0].record.thresholds, group[0].limits
            text = (
                f"{listed(group)}: an interval of {told.interval_s:g} s is announced, of snapshots that do not live so "
            )
            yield signal("limits-unfit", text + f"long: STALE above {used.stale_s:.0f} s", None, underlying)


def _flagged(
    context: Context, flag: Flag, why: Callable[[ChainRecord], str], *, every: bool = False
) -> Iterable[Signal]:
    """One signal for all chains with a flag, and the reason of the first, or every distinct one."""
    group = context.flagged(flag)
    if group:
        reasons = list(dict.fromkeys(filter(None, (why(r.record) for r in group))))
        note = f": {'; '.join(reasons if every else reasons[:1])}" if reasons else ""
        began = [r.record.flagged[flag] for r in group if flag in r.record.flagged]
        suffer = {status.chain.underlying for status in group}
        yield signal(flag.lower(), f"{listed(group)} {flag}{note}", min(began, default=None), concerns=suffer)


def source_changed(context: Context) -> Iterable[Signal]:
    """What was live is mock now, or the other way round: not a move of the market."""
    groups: dict[tuple[str, str], list[ChainStatus]] = {}
    for status in context.flagged(Flag.SOURCE_CHANGED):
        if change := status.record.change:
            groups.setdefault((change.before, change.after), []).append(status)
    for (before, after), group in groups.items():
        at = min(status.record.change.at for status in group if status.record.change)
        words = f"from {kind_name(before)} to {kind_name(after)}"
        when = f"{new_york(at):%H:%M:%S} ET"
        yield signal("source-changed", f"{listed(group)} SOURCE CHANGED {words} at {when}", at, f"{before}-{after}")


def mixed_sources(context: Context) -> Iterable[Signal]:
    """What may be live and what is known not to be stand side by side."""
    kinds = {is_recorded(status.record.kind) for status in context.statuses if status.record.last_good}
    if len(kinds) > 1:
        words = kind_phrase(r.record.source_word for r in context.statuses if r.record.last_good)
        yield signal("mixed-sources", f"sources are mixed: {words}")


def _in_state(context: Context, state: State) -> Iterable[Signal]:
    """One signal for each underlying that has chains in this state."""
    for underlying, group in context.in_state(state).items():
        note = f": {group[0].note}" if group[0].note else ""
        if state in (State.STALE, State.AGING):
            note = f", {_oldest(group)} s old"
        yield signal(state.lower(), f"{listed(group)} {state}{note}", earliest(group), underlying)


def _oldest(statuses: Sequence[ChainStatus]) -> int:
    return math.floor(max(r.age_s or 0.0 for r in statuses))


def _moved_back(record: ChainRecord) -> str:
    """Tell from which snapshot to which a pointer went back, by New York's time."""
    if record.rolled_back_from is None or record.pointer is None:
        return ""
    stamps = (new_york(found.ts_ms / 1000) for found in (record.rolled_back_from, record.pointer))
    return "from {:%H:%M:%S} to {:%H:%M:%S}".format(*stamps)
