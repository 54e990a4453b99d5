"""What the board says of a chain: each figure of its line with what it is computed from, then what its ATM says."""

from collections.abc import Iterator

from chain.model.grid import StrikeGrid
from chain.model.placement import Place, placed
from chain.model.session import new_york
from chain.monitor.board import ChainRecord
from chain.monitor.evaluate.report import ChainStatus
from chain.monitor.evaluate.signals import evaluate
from chain.monitor.explain.explanation import Explanation, Section, number, seconds, section, stamp
from chain.monitor.explain.fields import value_at
from chain.monitor.explain.origin import age_facts, snapshot_section
from chain.monitor.explain.payload import Payload
from chain.monitor.explain.question import Question
from chain.monitor.explain.subjects.contracts import contract_facts
from chain.monitor.explain.subjects.measure import derive_asked, slice_asked, value_section

_PRICE, _VALUE = ("underlying_asset", "price"), ("underlying_asset", "value")  # of a share, of an index
_PRICED, _BY_IV = "straddle", "atm_iv"
HEADLINE = (_PRICED, "expected_move_iv", _BY_IV)


def explain_chain(question: Question) -> Explanation:
    """Return where every figure of a chain's line on the board comes from, and those over its grid."""
    return Explanation(str(question.chain), None, tuple(_sections(question)))


def _sections(question: Question) -> Iterator[Section]:
    report = evaluate(question.moment.board, question.moment.now)
    status = next((one for one in report.statuses if one.chain == question.chain), None)
    if status is None:
        yield section("BOARD", ("missing", "the Board has this chain no longer"))
    else:
        yield _state(status)
        yield _age(question, status)
        yield _line(question, status)
    if question.good is not None:
        payload = Payload.of(question.good.snapshot)
        derived = derive_asked(question, payload)
        yield _spot(payload, derived.grid)
        for name in HEADLINE:
            yield value_section(name, derived.measures[name], name.replace("_", " ").upper())
        at = slice_asked(question, derived.grid)
        facts = (contract_facts(question, at, payload, name, None) for name in (_PRICED, _BY_IV))
        yield Section("AT THE MONEY", tuple(fact for some in facts for fact in some))
    yield snapshot_section(question)


def _spot(payload: Payload, grid: StrikeGrid) -> Section:
    """Return where the underlying's price stands: in the first contract of the grid that carries one."""
    listed = placed(payload.received.contracts, payload.received.id.chain)
    carrying = (at for at, (item, place) in enumerate(listed) if isinstance(place, Place) and item.spot is not None)
    first = next(carrying, None)
    if first is None:
        return section("SPOT", ("missing", "no contract of the grid carries a price of its underlying"))
    contract = payload.contract(first)
    name = (
        "price" if contract.written(_PRICE).text and value_at(contract.item, _PRICE) == contract.item.spot else "value"
    )
    written = contract.written(("underlying_asset", name))
    updated = contract.written(("underlying_asset", "last_updated"))
    return section(
        "SPOT",
        ("value", "" if grid.spot is None else f"{number(grid.spot)} points"),
        ("missing", grid.off_centre if grid.spot is None else ""),
        ("field", written.path),
        ("written", written.text),
        ("stamp", f"{updated.text}, {updated.path}" if updated.text else ""),
        ("delay", contract.written(("underlying_asset", "timeframe")).text),
    )


def _state(status: ChainStatus) -> Section:
    return section(
        "STATE",
        ("state", status.state),
        ("since", stamp(status.since) if status.since is not None else ""),
        ("why", status.note),
        ("flags", ", ".join(status.flags)),
    )


def _age(question: Question, status: ChainStatus) -> Section:
    """Return an age, by which clocks, and from which age on it is late."""
    good = status.record.last_good
    if good is None:
        return section("AGE", ("missing", "no valid snapshot of this chain has been read"))
    newest = question.of(status.record)
    limits = status.limits
    return section(
        "AGE",
        *age_facts(newest, good),
        ("aging", f"above {limits.warn_s:g} s"),
        ("stale", f"above {limits.stale_s:g} s"),
        ("limits", _limits(status.record, status)),
    )


def _limits(record: ChainRecord, status: ChainStatus) -> str:
    """Return where the age limits come from."""
    announced = record.thresholds
    if status.limits != announced:
        return "shares of the life that its pointer showed, which ends before the announced limits"
    if announced.own_warn_s is not None or announced.own_stale_s is not None:
        return "set by an operator"
    rule = f"2 I + 2 and 3 I + 5 of the interval I = {announced.interval_s:g} s"
    return f"{rule}, announced by its publisher" if announced.announced else f"{rule}, as nobody announces one"


def _line(question: Question, status: ChainStatus) -> Section:
    """Return the other figures of a chain's line."""
    record, now_s = status.record, status.record.source.now_s(question.moment.now)
    days = f"days from New York's {new_york(now_s):%Y-%m-%d} to {record.chain.expiry}"
    return section("LINE", *_ttl(question, status), *_counts(record), ("dte", f"{status.dte}: {days}"))


def _ttl(question: Question, status: ChainStatus) -> Iterator[tuple[str, str]]:
    asked = f"PTTL {question.keys.latest(status.chain)}"
    if status.ttl_s is None:
        yield "ttl", f"none: {asked} was not answered with one, or the pointer never expires"
    else:
        yield "ttl", f"{seconds(status.ttl_s)}: what Redis answered to {asked}, counted down since; shown rounded up"


def _counts(record: ChainRecord) -> Iterator[tuple[str, str]]:
    good = record.last_good
    if good is not None:
        yield "n", f"{good.summary.contracts}: length of contracts in the payload"
        yield "usable", f"{good.summary.usable}: those that the grid shows"
        yield "ATM", f"{good.snapshot.atm}: atm in the payload, points"
        yield "±range", f"{good.snapshot.range_points}: range_points in the payload, points"
