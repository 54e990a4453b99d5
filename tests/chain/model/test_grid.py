"""The strike grid: every contract has its place or a reason, and every figure stands in its own contract's cell."""

import math
import re
from dataclasses import replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from chain.analytics.headline import headline
from chain.model.grid import Condition, PriceSource, StrikeGrid, build_grid, midpoint
from chain.model.keys import ChainId
from chain.model.placement import Place
from chain.model.snapshot import Contract
from tests.support.scenes import SPX, SPX_MON, SPX_MONTHLY, START_NS, START_S, item, law, received, snapshot, surface
from tui.lines.grid.annotations import Annotations
from tui.lines.grid.changes import changes
from tui.lines.grid.columns.catalogue import Facts
from tui.lines.grid.frame import grid_foot
from tui.lines.grid.rows import GridTable, grid_table
from tui.lines.line import Ground, Line, Role, plain

STRIKES = (6910, 6920, 6930, 6940, 6950)
NARROWEST, WIDEST = 46, 230  # below, a line is cut
SPY = ChainId("SPY", date(2026, 1, 2))


def grid_of(*contracts: Contract, chain: ChainId = SPX, atm: int = 6930) -> StrikeGrid:
    return build_grid(received(snapshot(chain, contracts=contracts, atm=atm)))


def quoted(strike: float, side: str, bid: Any, ask: Any, **more: Any) -> Contract:
    return item(strike, side, last_quote={"bid": bid, "ask": ask}, **more)


ticks = st.integers(1, 10**12).map(lambda count: count / 10_000)


@given(low=ticks | st.floats(1e-6, 1e300), wider=ticks | st.floats(1e-6, 1e300))
def test_a_mid_is_the_decimal_half_of_its_sides(low: float, wider: float) -> None:
    high = low + wider
    if high > low and math.isfinite(high):
        assert midpoint(low, high) == float((Decimal(repr(low)) + Decimal(repr(high))) / 2)


# Cells


def golden() -> dict[tuple[float, str], Contract]:
    """Return contracts of which no two figures, as rendered, are alike."""
    found: dict[tuple[float, str], Contract] = {}
    for k, (strike, side) in enumerate((strike, side) for strike in STRIKES for side in ("call", "put")):
        sign = 1 if side == "call" else -1
        found[strike, side] = item(
            strike,
            side,
            open_interest=101 + k,
            day={"volume": 201 + 70 * k},
            last_trade={"price": 301.25 + k},
            greeks={
                "vega": 40.01 + k,
                "theta": -50.02 - k,
                "gamma": 0.0601 + k / 10_000,
                "delta": sign * (0.11 + k / 100),
            },
            implied_volatility=0.701 + k / 100,
            last_quote={
                "bid": 800.10 + k,
                "ask": 811.15 + 12 * k,
                "last_updated": START_NS - (60 + k) * 10**9,
            },
        )
    return found


def noted(contracts: dict[tuple[float, str], Contract]) -> Annotations:
    """Return facts of contracts of which no two are alike either."""
    return Annotations(
        facts={
            Place(float(strike), "SPXW", side): Facts(made_ms=START_S * 1000.0, gex=(700 + k) * 1e6)
            for k, (strike, side) in enumerate(contracts)
        }
    )


def expected_cells(contract: Contract, gex: float) -> dict[str, str]:
    """Return how each figure of a contract reads, taken from the vendor's own fields and its gamma exposure."""
    quote, greeks = contract["last_quote"], contract["greeks"]
    bid, ask = quote["bid"], quote["ask"]

    def bare(value: float, digits: int) -> str:
        return f"{value:.{digits}f}".replace("0.", ".", 1) if abs(value) < 1 else f"{value:.{digits}f}"

    return {
        "OI": str(contract["open_interest"]),
        "Vol": str(contract["day"]["volume"]),
        "Last": f"{contract['last_trade']['price']:.2f}",
        "Vega": bare(greeks["vega"], 2),
        "Theta": bare(greeks["theta"], 2),
        "Gamma": bare(greeks["gamma"], 4),
        "IV": f"{contract['implied_volatility'] * 100:.1f}",
        "D": bare(greeks["delta"], 2),
        "Spr%": f"{(ask - bid) / ((ask + bid) / 2) * 100:.1f}",
        "Mid": str(((Decimal(str(ask)) + Decimal(str(bid))) / 2).quantize(Decimal("0.01"), ROUND_HALF_UP)),
        "Bid": f"{bid:.2f}",
        "Ask": f"{ask:.2f}",
        "Lag": f"{(START_NS - quote['last_updated']) / 1e9:.1f}",
        "Vol/OI": f"{contract['day']['volume'] / contract['open_interest']:.2f}",
        "GEX$/1%": f"+{gex / 1e6:.1f}M",
    }


def sides(line: Line) -> tuple[list[tuple[str, int]], list[str], list[tuple[str, int]]]:
    """Return the words of a row: calls and puts with the column at which each ends, and what stands between."""
    text = plain(line)
    first, second = (found.start() for found in re.finditer("[│┃]", text))

    def words(start: int, end: int) -> list[tuple[str, int]]:
        return [(found[0], found.end()) for found in re.finditer(r"\S+", text) if start <= found.start() < end]

    return words(0, first), [word for word, _ in words(first + 1, second)], words(second + 1, len(text))


def rendered(table: GridTable, line: Line) -> tuple[dict[str, str], dict[str, str]]:
    """Return a row's call and put cells by the heading above each; headings and cells must end in one column."""

    def under(names: list[tuple[str, int]], figures: list[tuple[str, int]]) -> dict[str, str]:
        assert [end for _, end in names] == [end for _, end in figures]
        return {name: figure for (name, _), (figure, _) in zip(names, figures, strict=True)}

    calls, _, puts = sides(table.head[0])
    call, _, put = sides(line)
    return under(calls, call), under(puts, put)


def strike_rows(table: GridTable) -> dict[str, Line]:
    """Return the body's rows by what stands in their middle, brackets of the ATM removed."""
    found = {}
    for line in table.body:
        if re.search("[│┃]", plain(line)):
            found[" ".join(sides(line)[1]).strip("[]").replace("[", "")] = line
    return found


def test_the_golden_figures_are_all_different() -> None:
    contracts, facts = golden(), noted(golden()).facts
    shown = [
        text
        for (strike, side), contract in contracts.items()
        for text in expected_cells(contract, facts[Place(strike, "SPXW", side)].gex or 0.0).values()
    ]
    assert len(shown) == len(set(shown)) == 150


@pytest.mark.parametrize("highest_first", [True, False])
def test_each_cell_holds_the_figure_of_its_own_contract_and_field(highest_first: bool) -> None:
    contracts = golden()
    notes, grid = noted(contracts), grid_of(*contracts.values())
    columns_met = []
    for width in range(NARROWEST, WIDEST + 1):
        table = grid_table(grid, width, highest_first=highest_first, notes=notes)
        rows = strike_rows(table)
        order = sorted(STRIKES, reverse=highest_first)
        assert list(rows) == [str(strike) for strike in order]
        for strike in STRIKES:
            call, put = rendered(table, rows[str(strike)])
            assert set(call) == set(put)
            for cells, side in ((call, "call"), (put, "put")):
                gex = notes.facts[Place(strike, "SPXW", side)].gex or 0.0
                wanted = expected_cells(contracts[strike, side], gex)
                assert cells == {name: wanted[name] for name in cells}
        columns_met.append(len(call))
    assert columns_met == sorted(columns_met)  # room never takes a column away
    assert columns_met[0] == 2 and columns_met[-1] == 15 and len(set(columns_met)) >= 8


def test_bid_stands_before_ask_on_both_sides_and_the_rest_is_mirrored() -> None:
    for width in range(NARROWEST, WIDEST + 1):
        calls, middle, puts = sides(grid_table(grid_of(*surface()), width).head[0])
        assert middle == ["STRIKE"]
        *outer, bid, ask = [name for name, _ in calls]
        assert [bid, ask] == ["Bid", "Ask"]
        assert [name for name, _ in puts] == [bid, ask, *reversed(outer)]


def test_a_plan_without_quotes_shows_trades_and_closes_and_no_empty_quote() -> None:
    items = [item(6930, side, last_quote=None, day={"close": 12.5, "volume": 3}) for side in ("call", "put")]
    table = grid_table(grid_of(*items), WIDEST)
    call, put = rendered(table, table.body[0])
    assert (call["Last"], put["Close"]) == ("10.20", "12.50")
    assert not {"Bid", "Ask", "Mid", "Spr%"} & set(call)


BARE: dict[str, Any] = {"last_quote": None, "last_trade": None, "day": None}
KINDS: list[tuple[dict[str, Any], PriceSource, float | None]] = [
    ({}, PriceSource.MID, 10.2),
    ({"last_quote": None}, PriceSource.TRADE, 10.25),
    ({"last_quote": None, "last_trade": None}, PriceSource.CLOSE, 12.5),
    (BARE, PriceSource.NONE, None),
]


@pytest.mark.parametrize(("without", "kind", "price"), KINDS)
def test_the_best_kind_of_price_is_taken_where_one_leg_alone_has_it(
    without: dict[str, Any], kind: PriceSource, price: float | None
) -> None:
    call = item(6930, "call", **{"day": {"close": 12.5}, "last_trade": {"price": 10.25}} | without)
    grid = grid_of(call, item(6930, "put", **BARE))
    assert grid.price_source is kind
    assert [leg.price(kind) for leg in grid.legs] == [price, None]


def cells_of(contract: Contract) -> dict[str, str]:
    """Return the rendered call cells of one contract."""
    table = grid_table(grid_of(contract), WIDEST)
    return rendered(table, table.body[0])[0]


def test_what_is_absent_is_a_dash_and_never_a_zero() -> None:
    bare = item(6930, "call", greeks=None, last_quote={}, day=None, last_trade=None, implied_volatility=None)
    del bare["open_interest"]
    assert set(cells_of(bare).values()) == {"-"}
    assert set(cells_of({"details": bare["details"]}).values()) == {"-"}
    anything: list[Any] = [None, "1.5", [], True, math.nan]
    for broken in anything:
        greeks = dict.fromkeys(("delta", "gamma", "theta", "vega"), broken)
        trades: dict[str, Any] = {"day": {"volume": broken}, "last_trade": {"price": broken}}
        contract = quoted(6930, "call", broken, broken, greeks=greeks, **trades)
        contract |= {"open_interest": broken, "implied_volatility": broken}
        assert set(cells_of(contract).values()) == {"-"}


def test_no_two_figures_touch() -> None:
    greeks = {"theta": -167.12, "vega": 123.45, "delta": -1.0, "gamma": 0.0101}  # minutes before an expiry
    cells = cells_of(quoted(6930, "call", 1234.5, 1240.5, greeks=greeks, implied_volatility=1.5))
    assert (cells["Vega"], cells["Theta"], cells["D"], cells["IV"]) == ("123.45", "-167.12", "-1.0", "150")


def test_a_side_that_is_not_listed_is_dashes() -> None:
    table = grid_table(grid_of(item(6930, "put")), 107)
    call, put = rendered(table, table.body[0])
    assert set(call.values()) == {"-"}
    assert put["Bid"] == "10.00"


QUOTES: list[tuple[Any, Any, str, str, Condition]] = [
    (10.0, 10.4, "10.00", "10.40", Condition.OK),
    (0, 0.05, "0.00", "0.05o", Condition.ONE_SIDED),
    (0.0, 0.0, "-", "-", Condition.NONE),
    (4.1, 0, "4.10o", "-", Condition.ONE_SIDED),
    (4.1, None, "4.10o", "-", Condition.ONE_SIDED),
    (None, 4.3, "-", "4.30o", Condition.ONE_SIDED),
    (None, None, "-", "-", Condition.NONE),
    (5.0, 5.0, "5.00=", "5.00=", Condition.LOCKED),
    (5.2, 5.0, "5.20x", "5.00x", Condition.CROSSED),
    (-0.1, 5.0, "-0.10n", "5.00n", Condition.NEGATIVE),
    (-2.0, -1.0, "-2.00n", "-1.00n", Condition.NEGATIVE),
]


@pytest.mark.parametrize(
    ("bid", "ask", "shown"),
    [
        (0.3, 0.35, "0.33"),
        (0.4, 0.45, "0.43"),
        (0.1, 0.11, "0.11"),
        (1.0, 1.01, "1.01"),
        (2.67, 2.68, "2.68"),
        (0.2, 0.4, "0.30"),
    ],
)
def test_half_a_cent_of_a_mid_rounds_up_whatever_floats_make_of_it(bid: float, ask: float, shown: str) -> None:
    grid = grid_of(quoted(6930, "call", bid, ask), quoted(6930, "put", 7.0, 7.2))
    cells, _ = rendered(grid_table(grid, WIDEST), grid_table(grid, WIDEST).body[0])
    assert cells["Mid"] == shown


@pytest.mark.parametrize(("bid", "ask", "bid_shown", "ask_shown", "condition"), QUOTES)
def test_an_odd_quote_is_shown_as_it_is_marked_and_left_out_of_what_is_derived(
    bid: Any, ask: Any, bid_shown: str, ask_shown: str, condition: Condition
) -> None:
    grid = grid_of(quoted(6930, "call", bid, ask), quoted(6930, "put", 7.0, 7.2))
    [row] = grid.rows
    assert row.call
    assert row.call.condition is condition
    table = grid_table(grid, WIDEST)
    cells, _ = rendered(table, table.body[0])
    assert (cells["Bid"], cells["Ask"]) == (bid_shown, ask_shown)
    top = headline(grid, START_S)
    if condition is Condition.OK:
        assert (cells["Mid"], top.straddle.used) == ("10.20", 2)
        assert top.straddle.value == pytest.approx(17.3)
    else:
        assert (row.call.mid, cells["Mid"], cells["Spr%"]) == (None, "-", "-")
        assert (top.straddle.value, top.straddle.used, top.straddle.of) == (None, 1, 2)


def test_crossed_locked_and_negative_quotes_are_counted() -> None:
    odd = [quoted(6900 + n, "call", bid, ask) for n, (bid, ask, *_) in enumerate(QUOTES)]
    assert ", 4 quotes crossed, locked or negative, 4 one-sided" in plain(grid_foot(grid_of(*odd), 120))


@pytest.mark.parametrize(("iv", "shown"), [(1e-5, "-"), (0.001, "-"), (0.0011, "0.1"), (0.1357, "13.6"), (10.0, "-")])
def test_a_solvers_floor_is_no_volatility(iv: float, shown: str) -> None:
    assert cells_of(item(6930, "call", implied_volatility=iv))["IV"] == shown


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("D", {"greeks": {"delta": 5.0}}),
        ("D", {"greeks": {"delta": -1.01}}),
        ("Gamma", {"greeks": {"gamma": -0.1}}),
        ("Vega", {"greeks": {"vega": -1.0}}),
        ("Vol", {"day": {"volume": -5}}),
        ("OI", {"open_interest": -1e308}),
        ("OI", {"open_interest": -1}),
        ("Vol", {"day": {"volume": -1}}),
        ("Last", {"last_trade": {"price": -2.0}}),
    ],
)
def test_a_figure_that_no_option_can_have_is_not_shown(name: str, parts: dict[str, Any]) -> None:
    assert cells_of(item(6930, "call", **parts))[name] == "-"


# Conservation


ODD_NUMBER: st.SearchStrategy[Any] = st.sampled_from([None, True, "6930", "x", [], {}, math.nan, math.inf, -5, 0, -0.0])
STRIKE = st.sampled_from([6930, 6930.0, 6935, 207.5, 33.333])


def mostly(sound: st.SearchStrategy[Any], *odd: Any) -> st.SearchStrategy[Any]:
    """Return what is sound five times in six, so that items also meet, and else something odd."""
    return st.integers(0, 5).flatmap(lambda n: st.sampled_from(odd) if n == 5 else sound)


TICKERS = ("O:SPX260102C06930000", "O:SPXW260102P06930000")
DETAILS = st.fixed_dictionaries(
    {
        "contract_type": mostly(st.sampled_from(["call", "put"]), "other", "Call", None, 1, []),
        "strike_price": st.one_of(STRIKE, STRIKE, STRIKE, ODD_NUMBER),
        "ticker": mostly(st.sampled_from(TICKERS), "O:SPXW", "\x1b[2J", "", None, 7),
    },
    optional={
        "expiration_date": mostly(st.just("2026-01-02"), "2026-01-05", None, 20260102),
        "shares_per_contract": mostly(st.sampled_from([100, 100.0]), 10, "100", None),
    },
)
UGLY = st.lists(
    mostly(st.fixed_dictionaries({"details": DETAILS}), {}, {"details": None}, {"details": "x"}, {"details": {}}),
    max_size=25,
)


@law
@given(items=UGLY)
def test_no_contract_is_lost_merged_or_shown_in_a_strangers_place(items: list[dict[str, Any]]) -> None:
    numbered: list[Contract] = [body | {"open_interest": n} for n, body in enumerate(items)]
    grid = grid_of(*numbered)
    assert len(items) == len(grid.legs) + len(grid.rejected)
    placed = [int(leg.open_interest or 0) for leg in grid.legs]
    turned_away = [rejected.index for rejected in grid.rejected]
    assert sorted([*placed, *turned_away]) == list(range(len(items)))
    assert all(rejected.reason.isprintable() and rejected.reason for rejected in grid.rejected)
    places = [(row.strike, row.root) for row in grid.rows]
    assert places == sorted(set(places))
    for row in grid.rows:
        for leg, side in ((row.call, "call"), (row.put, "put")):
            if leg:
                details = numbered[int(leg.open_interest or 0)]["details"]
                assert (details["contract_type"], float(details["strike_price"])) == (side, row.strike)
                assert details.get("shares_per_contract", 100) == 100
    assert (grid.atm is None) is (not grid.rows)


@law
@given(items=UGLY, width=st.integers(40, 220), highest_first=st.booleans())
def test_any_grid_renders_a_line_for_each_row_within_its_width(
    items: list[dict[str, Any]], width: int, highest_first: bool
) -> None:
    grid = grid_of(*items)
    table = grid_table(grid, width, highest_first=highest_first)
    assert len(table.body) == len(grid.rows) + (table.spot is not None)
    lines = [*table.head, *table.body, grid_foot(grid, width)]
    assert all(sum(len(span.text) for span in line) == width for line in lines)
    assert all(plain(line).isprintable() for line in lines)


def test_each_reason_is_told() -> None:
    rest = {"expiration_date": "2026-01-02", "shares_per_contract": 100}
    grid = grid_of(
        {"details": rest | {"contract_type": "other", "strike_price": 1}},
        {"details": rest | {"contract_type": "put", "strike_price": "1"}},
        {"details": rest | {"contract_type": "put", "strike_price": 1, "expiration_date": "2026-01-05"}},
        {"details": rest | {"contract_type": "put", "strike_price": 1, "shares_per_contract": 10}},
        {"details": rest | {"contract_type": "put", "strike_price": 1}},
        {"details": rest | {"contract_type": "put", "strike_price": 1}},
        {},
    )
    assert [(rejected.index, rejected.reason) for rejected in grid.rejected] == [
        (0, "contract_type 'other' is neither call nor put"),
        (1, "strike_price is missing or not a positive number"),
        (2, "expires 2026-01-05, not 2026-01-02"),
        (3, "adjusted contract of 10 shares"),
        (5, "a second SPX put at 1"),
        (6, "contract_type null is neither call nor put"),
    ]
    foot = plain(grid_foot(grid, 180))
    assert "7 contracts: 1 in 1 row, 6 rejected (contract_type 'other' is neither call nor put, ...)" in foot


def test_unsorted_half_point_and_one_sided_strikes_keep_their_rows() -> None:
    grid = grid_of(item(208, "put"), item(207.5, "call"), item(207, "put"), item(207.5, "put"), item(207, "call"))
    assert [(row.strike, row.call is not None, row.put is not None) for row in grid.rows] == [
        (207, True, True),
        (207.5, True, True),
        (208, False, True),
    ]
    assert list(strike_rows(grid_table(grid, 81))) == ["208", "207.5", "207"]


# Two roots


def third_friday() -> StrikeGrid:
    both = [
        quoted(strike, side, bid, bid + 0.2, chain=SPX_MONTHLY, root=root)
        for strike in (6920, 6930)
        for root, bid in (("SPXW", 20.0), ("SPX", 10.0))
        for side in ("call", "put")
    ]
    return grid_of(*both, chain=SPX_MONTHLY)


def test_a_third_friday_keeps_both_roots_of_a_strike_in_rows_of_their_own() -> None:
    grid = third_friday()
    assert [(row.strike, row.root) for row in grid.rows] == [
        (6920, "SPX"),
        (6920, "SPXW"),
        (6930, "SPX"),
        (6930, "SPXW"),
    ]
    assert (grid.roots, len(grid.legs), grid.rejected) == (("SPX", "SPXW"), 8, ())
    for width in range(NARROWEST + 6, WIDEST + 1):
        table = grid_table(grid, width)
        assert sides(table.head[0])[1] == ["root", "STRIKE"]
        bids = {name: rendered(table, line)[0]["Bid"] for name, line in strike_rows(table).items()}
        assert bids == {"SPXW 6930": "20.00", "SPX 6930": "10.00", "SPXW 6920": "20.00", "SPX 6920": "10.00"}


def test_the_headline_of_two_roots_is_the_afternoons() -> None:
    assert headline(third_friday(), START_S).straddle.value == pytest.approx(40.2)


def test_one_root_needs_no_column() -> None:
    assert sides(grid_table(grid_of(*surface()), 81).head[0])[1] == ["STRIKE"]


# ATM and spot


@pytest.mark.parametrize(("spot", "strike"), [(207.5, 207.5), (207.6, 207.5), (207.9, 208), (None, 208)])
def test_atm_means_the_strike_that_was_rounded_to_it(spot: float | None, strike: float) -> None:
    items = [item(k, side, chain=SPY, spot=spot) for k in (207, 207.5, 208) for side in ("call", "put")]
    grid = grid_of(*items, chain=SPY, atm=208)
    assert grid.atm is not None
    assert grid.rows[grid.atm].strike == strike


def test_a_strike_half_a_point_off_is_what_an_atm_was_rounded_from_and_one_further_off_is_not() -> None:
    for strikes, atm_row in (((207.5, 208), 0), ((207.49, 208), 1), ((208, 208.5), 0)):
        items = [item(k, side, chain=SPY, spot=207.4) for k in strikes for side in ("call", "put")]
        assert grid_of(*items, chain=SPY, atm=208).atm == atm_row


def test_an_atm_outside_the_grid_marks_the_nearest_row() -> None:
    assert grid_of(*surface((6900, 6910)), atm=7000).atm == 1
    assert grid_of(*surface((6900, 6910)), atm=5).atm == 0


def test_the_atm_row_is_boxed_and_on_its_own_ground() -> None:
    table = grid_table(grid_of(*surface()), 81)
    assert table.atm is not None
    boxed = [n for n, line in enumerate(table.body) if "[6930]" in plain(line)]
    assert boxed == [table.atm]
    assert {span.ground for span in table.body[table.atm]} == {Ground.ATM}


@pytest.mark.parametrize("highest_first", [True, False])
@pytest.mark.parametrize(
    ("spot", "below", "above"), [(6934.9, "6930", "6940"), (6930.0, "6930", "6940"), (6939.99, "6930", "6940")]
)
def test_spot_is_ruled_between_the_strikes_that_hold_it(
    spot: float, below: str, above: str, highest_first: bool
) -> None:
    table = grid_table(grid_of(*surface((6920, 6930, 6940, 6950), spot=spot)), 81, highest_first=highest_first)
    assert table.spot is not None
    around = [sides(table.body[table.spot + step])[1][0].strip("[]") for step in (-1, 1)]
    assert around == ([above, below] if highest_first else [below, above])
    assert f" spot {spot:,.2f} " in plain(table.body[table.spot])


@pytest.mark.parametrize("spot", [None, 6919.99, 6950.0, 9000.0])
def test_no_rule_is_drawn_where_the_grid_does_not_hold_spot(spot: float | None) -> None:
    table = grid_table(grid_of(*surface((6920, 6930, 6940, 6950), spot=spot)), 81)
    assert table.spot is None
    assert len(table.body) == 4


def test_the_heavy_rule_stands_beside_the_leg_in_the_money() -> None:
    rows = strike_rows(grid_table(grid_of(*surface((6920, 6930, 6940), spot=6930)), 81))
    marks = {name: re.sub("[^│┃]", "", plain(line)) for name, line in rows.items()}
    assert marks == {"6920": "┃│", "6930": "││", "6940": "│┃"}


def test_spot_is_the_vendors_own_for_shares_and_for_indices() -> None:
    share = item(207, "call", chain=SPY, underlying_asset={"ticker": "SPY", "price": 207.31})
    assert grid_of(share, chain=SPY, atm=207).spot == 207.31
    assert grid_of(item(6930, "call", spot=None), item(6930, "put", spot=6931.5)).spot == 6931.5


def test_the_foot_says_why_there_is_no_spot() -> None:
    contracts = [item(strike, "call") for strike in STRIKES]
    far = build_grid(received(snapshot(contracts=contracts, atm=99_999)))
    foot = plain(grid_foot(far, 140))
    assert foot.startswith(f" {far.off_centre}; 5 contracts in 5 rows")
    assert "far from its strikes" in foot
    assert "; 5 contracts" not in plain(grid_foot(grid_of(*contracts), 140))


def test_points_beyond_any_underlying_are_no_digits() -> None:
    grid = grid_of(*(item(strike, "call") for strike in STRIKES))
    for points, shown in ((9_999_999, "9999999"), (10_000_000, "#######"), (2**53, "#######")):
        vast = structs.replace(grid, snapshot=replace(grid.snapshot, range_points=points))
        assert plain(grid_foot(vast, 140)).endswith(f"strikes 6930 ±{shown}")


# Changes


def changed(before: Contract, after: Contract) -> dict[str, int]:
    found = changes(grid_of(before), grid_of(after))
    assert {place for place, _ in found} <= {Place(6930.0, "SPXW", "call")}
    return {name: direction for (_, name), direction in found.items()}


def test_a_changed_quote_or_trade_is_marked_with_its_direction() -> None:
    before = item(6930, "call", last_trade={"price": 10.2})
    assert changed(before, before) == {}
    assert changed(before, quoted(6930, "call", 10.1, 10.3, last_trade={"price": 10.2})) == {"Bid": 1, "Ask": -1}
    assert changed(before, item(6930, "call", last_trade={"price": 10.3})) == {"Last": 1}


def test_what_follows_from_quotes_and_trades_is_not_marked() -> None:
    """Greeks, volumes and open interest change all the time: marked too, they would hide what was quoted."""
    before = item(6930, "call")
    assert changed(before, item(6930, "call", open_interest=901, day={"volume": 899})) == {}
    greeks = {"delta": 0.6, "gamma": 0.001, "theta": -5.0, "vega": 1.6}
    assert changed(before, item(6930, "call", greeks=greeks)) == {}


def test_what_comes_or_goes_is_no_change() -> None:
    full, bare = item(6930, "call"), item(6930, "call", last_quote=None, greeks=None)
    assert changed(full, bare) == changed(bare, full) == {}
    assert not changes(grid_of(item(6920, "call")), grid_of(full))


def test_nothing_is_marked_at_first_sight_or_across_chains() -> None:
    after = grid_of(quoted(6930, "call", 11.0, 11.2))
    assert not changes(None, after)
    assert not changes(grid_of(item(6930, "call", chain=SPX_MON), chain=SPX_MON), after)


def test_contracts_without_a_ticker_are_not_taken_for_each_other() -> None:
    nameless = [quoted(strike, "call", strike / 100, strike / 99) for strike in STRIKES]
    for contract in nameless:
        del contract["details"]["ticker"]
    assert not changes(grid_of(*nameless), grid_of(*nameless))


def test_arrows_stand_at_the_changed_quote_alone_and_colour_is_not_needed() -> None:
    before, after = (
        grid_of(*surface()),
        grid_of(*surface((6920, 6940)), quoted(6930, "put", 10.1, 10.3), item(6930, "call")),
    )
    table = grid_table(after, 107, changed=changes(before, after))
    assert sum(plain(line).count(arrow) for line in table.body for arrow in "▴▾") == 2
    call, put = rendered(table, strike_rows(table)["6930"])
    assert (put["Bid"], put["Ask"]) == ("▴10.10", "▾10.30")
    assert (call["Bid"], call["Ask"]) == ("10.00", "10.40")
    coloured = [span for line in table.body for span in line if span.role in (Role.UP, Role.DOWN)]
    assert [span.text.split() for span in coloured] == [["▴10.10"], ["▾10.30"]]
