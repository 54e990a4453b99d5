"""A contract's place: its fields and its symbol must say the same, however its symbol is looked at."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from chain.model.contract import Item
from chain.model.placement import Misfit, Place, mismatch, not_of, placed
from tests.support.scenes import SPX, law

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
