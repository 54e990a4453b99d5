"""Lines of the past: AS OF whole on every title at every width, the present beside it, changes within their width."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chain.analytics.diff import GridDiff, diff
from chain.clock import Instant
from chain.model.grid import PriceSource, StrikeGrid, build_grid
from chain.model.snapshot import Contract
from chain.monitor.analytics import ChainDiff, DiffSide
from chain.monitor.evaluate.report import HealthReport
from chain.monitor.states import State
from tests.support.scenes import (
    SPX,
    SPX_MON,
    START_NS,
    in_state,
    item,
    law,
    received,
    record,
    recorder,
    report,
    snapshot,
    surface,
)
from tui.lines.board.table import board_table
from tui.lines.figures import greek
from tui.lines.grid.diff import diff_counts, diff_sides, diff_table, diff_title, nothing_compared, signed
from tui.lines.grid.frame import grid_title
from tui.lines.line import Role, length, plain
from tui.lines.signals import signals_title
from tui.lines.strip import Past, badge, identity, trouble

NOW = Instant(START_NS, 5_000.0)
AT = "10:07:11"
WIDTHS = st.integers(40, 220)
STATES = st.sampled_from(State).filter(lambda state: state is not State.UNREACHABLE)
Change = st.floats(-99_999, 99_999).map(lambda value: round(value, 2))


def reported(*states: State, reached: bool = True) -> HealthReport:
    chains = (SPX, SPX_MON)
    records = [in_state(chain, state, NOW) for chain, state in zip(chains, states, strict=False)]
    return report(records, NOW, reached=reached)


@law
@given(STATES, STATES, WIDTHS, st.booleans(), st.booleans())
def test_every_title_says_as_of_whole_and_fits(then: State, now: State, width: int, live: bool, reached: bool) -> None:
    told = reported(then, State.FRESH, reached=reached)
    past = Past(AT, f"01-01 {AT}", "TAPE a-long-name-of-a-day.tape", reported(now), START_NS / 1e9 if live else None)
    grid = build_grid(received(snapshot()))
    titles = [
        board_table(told, SPX, width, 20, at=AT).head[0],
        signals_title(told, width, at=AT),
        grid_title(grid, told.statuses[0], badge(told.board), width, at=AT),
        grid_title(None, None, badge(told.board), width, at=AT),
        identity(told, "SPX", 3, width, past=past),
        trouble(told, width, past),
    ]
    assert {length(line) for line in titles} == {width}
    for line in titles[:4]:
        assert f"AS OF {AT}" in plain(line)
    assert f"AS OF 01-01 {AT}" in plain(titles[4])
    assert badge(told.board) in plain(titles[4])


@pytest.mark.parametrize(
    ("live", "said"),
    [
        ((State.FRESH, State.FRESH), " live: OK"),
        ((State.MISSING, State.FRESH), " live: PARTIAL DEGRADATION 1 signal"),
        ((State.MISSING, State.MISSING), " live: CRITICAL 2 signals"),
    ],
)
def test_line_two_says_how_the_present_stands(live: tuple[State, ...], said: str) -> None:
    past = Past(AT, AT, "LAST 6 min, 41 of 64 MB", reported(*live), START_NS / 1e9)
    line = plain(trouble(reported(State.STALE, State.FRESH), 120, past))
    assert line.startswith(" then ") and line.endswith(said)
    assert "SPX 01-02" in line


@pytest.mark.parametrize("width", [80, 120, 200])
@pytest.mark.parametrize("here", [True, False])
def test_what_this_deck_records_goes_on_and_is_told_beside_the_past(width: int, here: bool) -> None:
    live = report([record(SPX, NOW)], NOW, recorder=recorder(NOW, here=here, size=12_340_000))
    past = Past(AT, f"{AT} ET", "LAST 6 min, 41 of 64 MB", live, START_NS / 1e9)
    line = plain(identity(reported(State.FRESH), "SPX", 3, width, past=past))
    assert (" REC, 12.3 MB " in line) is here and ("REC" in line) is here
    assert f"AS OF {AT} ET" in line and "live 10:00:00 ET" in line
    was = report([record(SPX, NOW)], NOW, recorder=recorder(NOW, here=True, size=12_340_000))
    ended = Past(AT, f"{AT} ET", "LAST 6 min, 41 of 64 MB", reported(State.FRESH), START_NS / 1e9)
    assert "REC" not in plain(identity(was, "SPX", 3, width, past=ended))  # then, and no more


def test_where_nothing_was_read_yet_line_one_has_no_holes() -> None:
    nothing = report([], NOW, beats=[])
    assert plain(identity(nothing, "-", 3, 100)).startswith(" chaindeck  no publisher ")
    line = plain(identity(nothing, "-", 3, 100, past=Past(AT, f"{AT} ET", "TAPE day.tape")))
    assert line.startswith(f" chaindeck   AS OF {AT} ET ") and " - " not in line


@pytest.mark.parametrize("label", ["redis.example:6379", ""])
def test_of_a_tape_line_one_says_once_which_and_what_redis_was_watched(label: str) -> None:
    told = report([record(SPX, NOW)], NOW, label=label)
    line = plain(identity(told, "SPX", 3, 170, past=Past(AT, f"{AT} ET", "TAPE day.tape")))
    assert line.count("TAPE") == 1 and f" {f'redis {label}'.rstrip()} 0.4 ms " in line
    away = report([record(SPX, NOW)], NOW, reached=False, label=label)
    lost = plain(identity(away, "SPX", 3, 170, past=Past(AT, f"{AT} ET", "TAPE day.tape")))
    assert f" {f'redis {label}'.rstrip()} no answer " in lost and lost.count("TAPE") == 1


def test_where_there_is_no_present_none_is_told() -> None:
    past = Past(AT, AT, "TAPE day.tape")
    assert "live" not in plain(trouble(reported(State.FRESH), 100, past))
    line = plain(identity(reported(State.FRESH), "SPX", 3, 100, past=past))
    assert line.endswith("TAPE day.tape") and "live" not in line
    unread = Past(AT, AT, "LAST 0 min", None, START_NS / 1e9)
    assert plain(trouble(reported(State.FRESH), 100, unread)).endswith("live: not read yet")


# What changed


def grid(strikes: range, shift: float = 0.0) -> StrikeGrid:
    legs: list[Contract] = [
        item(strike, side, last_quote={"bid": 500.0 + shift, "ask": 500.4 + shift}, open_interest=abs(shift) * 100)
        for strike in strikes
        for side in ("call", "put")
    ]
    return build_grid(received(snapshot(contracts=legs)))


def compared(before: StrikeGrid, after: StrikeGrid) -> ChainDiff:
    sides = DiffSide(START_NS / 1e9, 3.1, "MOCK"), DiffSide(START_NS / 1e9 + 90, 0.4, "LIVE")
    return ChainDiff(SPX, *sides, diff(before, after))


def found(one: ChainDiff) -> GridDiff:
    assert one.grid is not None
    return one.grid


@law
@given(Change, WIDTHS, st.booleans(), st.booleans())
def test_changes_fit_their_panel_and_no_change_is_cut(
    shift: float, width: int, highest_first: bool, by_size: bool
) -> None:
    one = compared(grid(range(6900, 6960, 5)), grid(range(6905, 6970, 5), max(shift, -499)))
    table = diff_table(found(one), width, highest_first=highest_first, by_size=by_size)
    lines = [*table.head, *table.body, diff_title(one, "[MOCK]", width, AT), diff_sides(one, width),
             diff_counts(found(one), width, by_size=by_size)]  # fmt: skip
    assert {length(line) for line in lines} == {width}
    assert "#" not in "".join(map(plain, table.body))
    strikes = [row.strike for row in found(one).rows]
    rule = 0 if table.spot is None else 1
    assert len(table.body) == len(strikes) + rule


def test_two_instants_are_as_far_apart_as_the_times_that_are_told_of_them() -> None:
    sides = DiffSide(START_NS / 1e9 + 0.4, 0.4, "MOCK"), DiffSide(START_NS / 1e9 + 10.3, 0.4, "MOCK")
    told = plain(diff_sides(ChainDiff(SPX, *sides), 90))
    assert "A 10:00:00" in told and "B 10:00:10" in told and told.endswith("0:10 apart")


def test_a_change_is_signed_none_is_0_and_what_is_not_there_a_dash() -> None:
    before = build_grid(received(snapshot(contracts=[item(6930, "call"), item(6930, "put"), item(6940, "call")])))
    moved: dict[str, Any] = {"last_quote": {"bid": 9.0, "ask": 9.1}, "implied_volatility": 0.1512, "greeks": {}}
    after = build_grid(received(snapshot(contracts=[item(6930, "call", **moved), item(6930, "put")])))
    one = compared(before, after)
    body = [plain(line).split() for line in diff_table(found(one), 90, highest_first=True, by_size=False).body]
    assert body[0] == ["-"] * 5 + ["│", "6940", "┃"] + ["-"] * 5
    assert body[-1] == ["0", "0", "+1.12", "-", "-1.15", "┃", "[6930]", "│", "0", "0", "0", "0", "0"]
    assert "2 contracts by mids, 1 only at A" in plain(diff_counts(found(one), 90, by_size=False))
    assert plain(diff_sides(one, 90)).startswith(" A 10:00:00 3.1 s old MOCK  to  B 10:01:30 0.4 s old LIVE")
    assert plain(diff_sides(one, 90)).endswith("1:30 apart")
    assert [signed(one, "{:.2f}".format) for one in (0.0001, -0.0001, 0.006)] == ["0.00", "0.00", "+0.01"]
    assert [signed(one, lambda size: greek(size, 3)) for one in (-0.0004, -0.0006)] == [".000", "-.001"]


def test_a_change_that_rounds_to_zero_has_no_direction_by_colour() -> None:
    before = grid(range(6900, 6931, 10))
    for shift, directed in ((0.001, False), (-0.001, False), (1.0, True), (-1.0, True)):
        table = diff_table(diff(before, grid(range(6900, 6931, 10), shift)), 90, highest_first=True, by_size=False)
        roles = {span.role for line in table.body for span in line}
        assert bool(roles & {Role.UP, Role.DOWN}) is directed, shift


def test_the_largest_change_of_price_stands_first_and_what_cannot_be_compared_last() -> None:
    def quoted(strike: int, bid: float) -> Contract:
        return item(strike, "call", last_quote={"bid": bid, "ask": bid + 1})

    were = [quoted(strike, 5) for strike in (6920, 6930, 6940, 6950)]
    before = build_grid(received(snapshot(contracts=were)))
    after = build_grid(received(snapshot(contracts=[quoted(6920, 5), quoted(6930, 3), quoted(6940, 6)])))
    table = diff_table(diff(before, after), 90, highest_first=True, by_size=True)
    strikes = [re.search(r"69\d0", plain(line)) for line in table.body]
    assert [strike and strike[0] for strike in strikes] == ["6930", "6940", "6920", "6950"]
    assert table.spot is None


def test_prices_of_two_kinds_and_a_missing_side_are_said() -> None:
    quoted = build_grid(received(snapshot(contracts=surface())))
    one = compared(quoted, quoted)
    mixed = replace(found(one), price_source=PriceSource.NONE)
    assert "prices of two kinds" in plain(diff_counts(mixed, 90, by_size=False))
    lacking = ChainDiff(SPX, DiffSide(START_NS / 1e9), DiffSide(START_NS / 1e9, 0.4, "MOCK"))
    assert plain(nothing_compared(lacking, 90)) == "  no valid snapshot of this chain had been read at A"
    assert "A 10:00:00 no snapshot" in plain(diff_sides(lacking, 90))
