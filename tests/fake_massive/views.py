"""How one contract looks: to each plan, in the reference listing, and in the universal snapshot."""

from dataclasses import dataclass
from typing import Any

Item = dict[str, Any]
_SESSION = ("change", "change_percent", "close", "high", "low", "open", "previous_close", "volume")
_TIMED = ("last_quote", "last_trade", "underlying_asset")
INDEX_NAMES = frozenset({"SPX", "NDX", "VIX", "RUT", "DJX", "XSP"})


@dataclass(frozen=True, slots=True)
class Plan:
    """What a subscription lets one see."""

    name: str
    snapshots: bool
    trades: bool
    quotes: bool
    timeframe: str

    def show(self, item: Item) -> Item:
        """Return a contract as this plan sees it: blocks left out, timeframes set where the item has one."""
        hidden = {"last_trade"} if not self.trades else set()
        hidden |= {"last_quote"} if not self.quotes else set()
        seen = {name: block for name, block in item.items() if name not in hidden}
        for name in _TIMED:
            block = seen.get(name)
            if isinstance(block, dict) and "timeframe" in block:
                seen[name] = {**block, "timeframe": self.timeframe}
        return seen


PLANS = {
    plan.name: plan
    for plan in (
        Plan("basic", snapshots=False, trades=False, quotes=False, timeframe="DELAYED"),
        Plan("starter", snapshots=True, trades=False, quotes=False, timeframe="DELAYED"),
        Plan("developer", snapshots=True, trades=True, quotes=False, timeframe="DELAYED"),
        Plan("advanced", snapshots=True, trades=True, quotes=True, timeframe="REAL-TIME"),
    )
}


def reference(item: Item) -> Item:
    """Return a contract as the reference listing shows it: the underlying bare, and its CFI code."""
    details = item["details"]
    underlying = item.get("underlying_asset", {}).get("ticker", details["ticker"][2:-15])
    side = "P" if details["contract_type"] == "put" else "C"
    kind = "EIC" if details.get("exercise_style") == "european" else "ASP"
    return {
        "cfi": f"O{side}{kind}S",
        "contract_type": details["contract_type"],
        "exercise_style": details.get("exercise_style", "american"),
        "expiration_date": details["expiration_date"],
        "primary_exchange": "BATO",
        "shares_per_contract": details.get("shares_per_contract", 100),
        "strike_price": details["strike_price"],
        "ticker": details["ticker"],
        "underlying_ticker": underlying.removeprefix("I:"),
    }


def universal(item: Item, plan: Plan, market_status: str) -> Item:
    """Return a contract as the universal snapshot shows it: `session` for `day`, the ticker one level up."""
    seen = plan.show(item)
    day = seen.pop("day", {})
    details = dict(seen["details"])
    ticker = details.pop("ticker")
    name = f"{ticker[2:-15]} ${details['strike_price']} {details['contract_type'].title()}"
    session = {field: day[field] for field in _SESSION if field in day}
    return {
        **seen,
        "details": details,
        "ticker": ticker,
        "type": "options",
        "name": name,
        "market_status": market_status,
        "session": session,
    }
