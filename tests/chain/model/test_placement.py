"""A contract's place: its fields and its symbol must say the same, however its symbol is looked at."""

from dataclasses import replace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.model.contract import Item
from chain.model.placement import Misfit, Place, centred, mismatch, not_of, placed, root_of
from tests.support.scenes import SPX, law, received, snapshot

DAY = "260102"
ROOTS = st.sampled_from(["SPX", "SPXW", "SPXWX", "NDX", "spx", "", "SPX1", "SPX.A"])
STRIKES = st.one_of(
    st.sampled_from([6930.0, 27.32, 27.3204, 27.3205, 27.3215, 99_999.999, 99_999.9995, 100_000.0, 1e7, 0.001, 0.0004]),
    st.floats(0.0001, 1e7),
)
ENDINGS = st.one_of(
    st.sampled_from(["06930000", "00027320", "00027321", "99999999", "100000000", "-", "0693000", "\u06600693000"]),
    STRIKES.map(lambda strike: f"{strike * 1000:08.0f}"),
)


def item(ticker: object, strike: float, side: str) -> Item:
    details = {"ticker": ticker, "contract_type": side, "expiration_date": "2026-01-02", "strike_price": strike}
    return msgspec.json.decode(msgspec.json.encode({"details": details}), type=Item)


@law
@given(ROOTS, st.sampled_from([DAY, "260109"]), st.sampled_from("CP"), ENDINGS, STRIKES)
def test_a_contract_is_placed_if_and_only_if_its_symbol_contradicts_nothing(
    root: str, day: str, letter: str, ending: str, strike: float
) -> None:
    ticker = f"O:{root}{day}{letter}{ending}"
    [(_, at)] = placed([item(ticker, strike, "call")], SPX)
    wrong = not_of(None, ticker, "I:SPX") or mismatch(ticker, "2026-01-02", "call", strike)
    if wrong:
        assert at == Misfit(wrong)
    else:
        assert isinstance(at, Place)
        assert (at.strike, at.side) == (strike, "call")


@law
@given(st.sampled_from(["SPX", "SPXW"]), st.integers(1, 99_999_999), st.sampled_from(["call", "put"]))
def test_every_listed_strike_finds_its_place_under_its_own_root(root: str, thousandths: int, side: str) -> None:
    ticker = f"O:{root}{DAY}{side[0].upper()}{thousandths:08d}"
    [(_, at)] = placed([item(ticker, thousandths / 1000, side)], SPX)
    assert at == Place(thousandths / 1000, root, side)


@pytest.mark.parametrize(
    ("named", "root", "symbol", "said"),
    [
        ("I:SPX", "SPX", "I:SPX", ""),
        ("I:SPX", "SPXW", "I:SPX", ""),
        (None, "NDXP", "I:NDX", ""),
        (None, "SPXQQQ", "I:SPX", "of the root SPXQQQ"),
        (None, "SPX1", "I:SPX", "of the root SPX1"),
        (None, "XSP", "I:SPX", "of the root XSP"),
        ("TSLA", "TSLA", "TSLA", ""),
        ("TSLA", "TSLA1", "TSLA", ""),
        ("TSLA", "TSLA12", "TSLA", "of the root TSLA12"),
        ("TSLA", "TSLAW", "TSLA", "of the root TSLAW"),
        ("I:NDX", "SPX", "I:SPX", "of the underlying I:NDX"),
        ("BRK.B", "BRKB", "BRK.B", ""),
        ("I:OEX", "XEO", "I:OEX", ""),
    ],
)
def test_a_root_belongs_to_an_underlying_with_the_letters_of_an_index_or_the_digit_of_a_share(
    named: str | None, root: str, symbol: str, said: str
) -> None:
    ticker = f"O:{root}{DAY}C06930000"
    assert not_of(named, ticker, symbol) == said


@pytest.mark.parametrize(
    ("atm", "spot", "believed"),
    [
        (6980, 6950.0, True),  # the highest strike is 6930, the range 50 points, and an ATM is rounded
        (6981, 6950.0, False),
        (6880, 6900.0, True),
        (6879, 6900.0, False),
        (6930, 6980.5, True),
        (6930, 6980.51, False),
        (6930, 6879.5, True),
        (6930, 6879.49, False),
    ],
)
def test_a_centre_is_believed_within_its_range_and_a_rounding(atm: int, spot: float, believed: bool) -> None:
    made = received(replace(snapshot(), atm=atm))
    found = centred(made, 6930.0, 6930.0, spot)
    assert (found.spot, bool(found.fault)) == ((spot, False) if believed else (None, True))


def test_the_root_of_what_is_no_symbol_is_the_underlying() -> None:
    assert root_of(f"O:SPXW{DAY}C06930000", "SPX") == "SPXW"
    for ticker in ("SPXW", f"SPXW{DAY}C06930000", None, 7):
        assert root_of(ticker, "SPX") == "SPX"
