"""Checks of the vendor's rows: whether each is valid and belongs to the request. Pure functions."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any

from chain.errors import InvalidNameError
from chain.model.contract import number
from chain.model.keys import parse_expiry
from chain.model.snapshot import Contract
from publisher.fields import block, contradiction, spot_of
from publisher.massive.api.faults import FaultKind, VendorError

Row = dict[str, Any]

_KINDS = ("call", "put", "other")  # as the vendor documents them; what is neither call nor put is left out by rule


def check_rows(rows: Sequence[Row], symbol: str, wanted: Callable[[date], bool]) -> None:
    """Raise VendorError unless every row can be read, is of a wanted expiration, and belongs to the underlying.

    An invalid row may stand for missing contracts, so an answer is either complete or not used.
    """
    reasons = [reason for row in rows if (reason := flaw(row, symbol, wanted))]
    if reasons:
        raise VendorError(FaultKind.INCOMPLETE, f"{len(reasons)} of {len(rows)} rows cannot be used: {reasons[0]}")


def flaw(row: Row, symbol: str, wanted: Callable[[date], bool]) -> str:
    """Return why a row cannot be used, or "". `symbol` is the underlying as in the vendor's path."""
    details = block(row, "details")
    ticker, strike, expiry = details.get("ticker"), number(details.get("strike_price")), expiry_of(row)
    if not isinstance(ticker, str) or not ticker:
        return "no ticker"
    if expiry is not None and not wanted(expiry):
        return f"of another expiration, {expiry}"
    lacks = {
        "contract_type that is known": details.get("contract_type") not in _KINDS,
        "strike_price above zero": strike is None or strike <= 0,
        "shares_per_contract": number(details.get("shares_per_contract", 100)) is None,
        "expiration_date": expiry is None,
    }
    lacking = next((name for name, is_lacking in lacks.items() if is_lacking), "")
    return f"no {lacking}" if lacking else contradiction(row, symbol)


def is_standard(row: Row) -> bool:
    """Whether a readable row is a call or put that delivers 100 shares; adjusted ones may bear any root."""
    details = block(row, "details")
    return details.get("contract_type") in ("call", "put") and details.get("shares_per_contract", 100) == 100


def expiry_of(row: Row) -> date | None:
    """Return a row's expiration, None where it names none."""
    text = block(row, "details").get("expiration_date")
    try:
        return parse_expiry(text) if isinstance(text, str) else None
    except InvalidNameError:
        return None


def newest_spot(rows: Iterable[Contract]) -> float | None:
    """Return the underlying's latest level among rows that may come from different seconds."""
    best: tuple[float, float] | None = None
    for row in rows:
        spot = spot_of(row)
        stamp = number(block(row, "underlying_asset").get("last_updated")) or 0.0
        if spot is not None and spot > 0 and (best is None or stamp > best[0]):
            best = (stamp, spot)
    return best[1] if best else None


def without_nulls(row: Contract) -> Contract:
    """Return the vendor's object with null blocks left out, as the contract's readers need it."""
    if None not in row.values():
        return row
    return {name: value for name, value in row.items() if value is not None}
