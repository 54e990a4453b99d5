"""Rules about chains: age, completeness, and how many there are per underlying."""

from collections.abc import Callable, Iterable

from chain.model.kinds import is_recorded, kind_name, kind_phrase
from chain.model.session import new_york
from chain.monitor.board import Board, ChainRecord
from chain.monitor.evaluate import provenance
from chain.monitor.evaluate.report import ChainStatus, usable
from chain.monitor.evaluate.rules.rule import Notice, RuleInput, earliest, listed, oldest_s
from chain.monitor.states import Flag, State


def all_stale(inputs: RuleInput) -> Iterable[Notice]:
    """No chain in the whole deck is usable."""
    statuses = inputs.statuses
    if statuses and inputs.known and not any(status.in_use for status in statuses):
        since = max((status.since for status in statuses if status.since is not None), default=None)  # of the last one
        states = " or ".join(dict.fromkeys(status.state for status in statuses))
        which = f"all {len(statuses)}" if len(statuses) > 1 else listed(statuses)
        yield Notice(f"no chain has a usable snapshot: {which} {states}", since)


def depth(inputs: RuleInput) -> Iterable[Notice]:
    """Fewer expirations have a snapshot than expected."""
    if not inputs.known:
        return
    expected = inputs.board.chains.depth
    for underlying in dict.fromkeys((*inputs.by_underlying, *sorted(expected))):  # in the order of the board
        there, wanted = inputs.by_underlying.get(underlying, ()), expected.get(underlying, 0)
        current = [status for status in there if Flag.PAST_DATED not in status.flags]
        lost = [status for status in current if not usable(status)]
        have = len(current) - len(lost)
        if have < wanted:
            states = " or ".join(dict.fromkeys(status.state for status in lost))
            which = listed(lost) if have or len(lost) == 1 else "all"
            past = len(there) - len(current)
            no_more = f"{past} PAST-DATED" if past else "the publisher lists no more"
            why = f"{which} {states}" if lost else no_more
            yield Notice(f"{underlying} depth {have} of {wanted}: {why}", earliest(lost), underlying)


# States


def dangling(inputs: RuleInput) -> Iterable[Notice]:
    """A pointer names a payload that is gone."""
    return _in_state(inputs, State.DANGLING)


def invalid(inputs: RuleInput) -> Iterable[Notice]:
    """A pointer or payload breaks the contract."""
    return _in_state(inputs, State.INVALID)


def future(inputs: RuleInput) -> Iterable[Notice]:
    """A snapshot is stamped ahead of this machine's clock."""
    return _in_state(inputs, State.FUTURE)


def stale(inputs: RuleInput) -> Iterable[Notice]:
    """A snapshot is too old."""
    return _in_state(inputs, State.STALE)


def aging(inputs: RuleInput) -> Iterable[Notice]:
    """A snapshot is late."""
    return _in_state(inputs, State.AGING)


def _in_state(inputs: RuleInput, state: State) -> Iterable[Notice]:
    """One notice for each underlying that has chains in this state."""
    for underlying, group in inputs.in_state(state).items():
        note = f": {group[0].note}" if group[0].note else ""
        if state in (State.STALE, State.AGING):
            note = f", {oldest_s(group)} s old"
        yield Notice(f"{listed(group)} {state}{note}", earliest(group), underlying)


# Flags


def partial(inputs: RuleInput) -> Iterable[Notice]:
    """A snapshot has fewer usable contracts, or sides, than it should."""
    return _flagged(inputs, Flag.PARTIAL, _shortfall)


def failing(inputs: RuleInput) -> Iterable[Notice]:
    """A publisher reports that it could not publish a chain; the previous snapshot stays."""
    return _flagged(inputs, Flag.FAILING, lambda record: record.last_error, every=True)


def old_source(inputs: RuleInput) -> Iterable[Notice]:
    """A new snapshot of old data."""
    return _flagged(inputs, Flag.OLD_SOURCE, _age_of_data)


def rolled_back(inputs: RuleInput) -> Iterable[Notice]:
    """A pointer went back to an older snapshot."""
    return _flagged(inputs, Flag.ROLLED_BACK, _moved_back)


def _flagged(
    inputs: RuleInput, flag: Flag, why: Callable[[ChainRecord], str], *, every: bool = False
) -> Iterable[Notice]:
    """One notice for all chains with a flag, and the reason of the first, or every distinct one."""
    group = inputs.flagged(flag)
    if group:
        reasons = list(dict.fromkeys(filter(None, (why(status.record) for status in group))))
        note = f": {'; '.join(reasons if every else reasons[:1])}" if reasons else ""
        began = [status.record.flagged[flag] for status in group if flag in status.record.flagged]
        suffer = {status.chain.underlying for status in group}
        yield Notice(f"{listed(group)} {flag}{note}", min(began, default=None), concerns=suffer)


def _shortfall(record: ChainRecord) -> str:
    return record.last_good.summary.shortfall if record.last_good else ""


def _age_of_data(record: ChainRecord) -> str:
    return provenance.old_source(record, record.last_good) if record.last_good else ""


def _moved_back(record: ChainRecord) -> str:
    """Describe which snapshots a pointer went back from and to, in New York time."""
    if record.rolled_back_from is None or record.pointer is None:
        return ""
    stamps = (new_york(snapshot.ts_ms / 1000) for snapshot in (record.rolled_back_from, record.pointer))
    return "from {:%H:%M:%S} to {:%H:%M:%S}".format(*stamps)


def past_dated(inputs: RuleInput) -> Iterable[Notice]:
    """Chains whose sessions are over are still published: a recording, or a publisher that does not know the date."""
    group = inputs.flagged(Flag.PAST_DATED)
    if group:
        all_of_them = "nothing that still trades is published" if len(group) == len(inputs.statuses) else "not counted"
        over = "session is" if len(group) == 1 else "sessions are"
        yield Notice(f"{listed(group)} PAST-DATED: {len(group)} whose {over} over, {all_of_them}")


def source_changed(inputs: RuleInput) -> Iterable[Notice]:
    """Live data were replaced by mock data, or the other way round: not a market move."""
    groups: dict[tuple[str, str], list[ChainStatus]] = {}
    for status in inputs.flagged(Flag.SOURCE_CHANGED):
        if change := status.record.change:
            groups.setdefault((change.before, change.after), []).append(status)
    for (before, after), group in groups.items():
        at = min(status.record.change.at for status in group if status.record.change)
        words = f"from {kind_name(before)} to {kind_name(after)}"
        when = f"{new_york(at):%H:%M:%S} ET"
        yield Notice(f"{listed(group)} SOURCE CHANGED {words} at {when}", at, f"{before}-{after}")


# Announced and discovered chains


def limits_unfit(inputs: RuleInput) -> Iterable[Notice]:
    """A publisher announces limits that its snapshots never live to reach: they would be fresh forever."""
    for underlying, mine in inputs.by_underlying.items():
        group = [r for r in mine if r.record.thresholds.announced and r.limits is not r.record.thresholds]
        if group:
            announced, used = group[0].record.thresholds.interval_s, group[0].limits.stale_s
            text = (
                f"{listed(group)}: an interval of {announced:g} s is announced, of snapshots that do not live so long"
            )
            yield Notice(f"{text}: STALE above {used:.0f} s", None, underlying)


def mixed_sources(inputs: RuleInput) -> Iterable[Notice]:
    """Data that may be live are mixed with data that are known not to be."""
    good = [status for status in inputs.statuses if status.record.last_good]
    if len({is_recorded(status.record.kind) for status in good}) > 1:
        yield Notice(f"sources are mixed: {kind_phrase(status.record.source_word for status in good)}")


def discovery(inputs: RuleInput) -> Iterable[Notice]:
    """Redis answers, but does not let us scan for chains that nobody announces."""
    board = inputs.board
    if board.redis.health.ok and board.chains.search.error:
        yield Notice(f"chains that no publisher announces cannot be found: {board.chains.search.error}")


def starting(inputs: RuleInput) -> Iterable[Notice]:
    """Nothing is published, and the watcher has only just started."""
    board = inputs.board
    if inputs.starting:
        yield Notice("waiting for a publisher")
    elif not board.chains.records and board.redis.health.ok and _searching(board):
        yield Notice("nothing is announced: looking for chains among all keys of this Redis")


def nothing_published(inputs: RuleInput) -> Iterable[Notice]:
    """Redis answers, and holds no chain."""
    board = inputs.board
    if board.chains.records or not board.redis.health.ok or inputs.starting or _searching(board):
        return
    hindered = bool(board.chains.search.error)
    known = "none is announced, and others cannot be looked for" if hindered else "nothing is published"
    yield Notice(f"no chains under {board.prefix}: {known}")


def _searching(board: Board) -> bool:
    """Return whether the first scan of all keys is still going on, without an error."""
    return not board.chains.search.over and not board.chains.search.error
