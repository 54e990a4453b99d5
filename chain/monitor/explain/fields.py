"""The figures of one contract: those that a payload carries, with their paths, and those that are made of them."""

from collections.abc import Callable, Mapping
from operator import attrgetter

from msgspec import Struct

from chain.analytics.measures.chain import ChainMeasures
from chain.analytics.measures.contracts import IV_OF_MID, ContractCheck
from chain.model.contract import Item, number
from chain.model.grid import IV_SHOWN, Condition, Leg
from chain.monitor.explain.payload import Written

Path = tuple[str, ...]

POINTS = "points of the underlying"
FRACTION = "fraction, shown in percent"
CONTRACTS = "contracts"


class Field(Struct, frozen=True):
    """A figure that the payload carries; `path` leads to it from its contract, `of` to it in the grid."""

    words: str
    path: Path
    unit: str
    of: Callable[[Leg], float | None]
    plausible: str = "0 or more"
    note: str = ""

    @property
    def stamp(self) -> Path | None:
        """The path of its vendor time, epoch ns; None where it has none of its own."""
        return _STAMPS.get(self.path[0])

    @property
    def timeframe(self) -> Path | None:
        """The path of what the vendor says of its delay."""
        return (self.path[0], "timeframe") if self.path[0] in _DELAYED else None

    def why_missing(self, written: Written, item: Item) -> str:
        """Return why the payload's value is not shown."""
        value = value_at(item, self.path)
        if written.absent:
            return written.absent
        if value is None or number(value) is None:
            return f"{written.path} is {written.text}, which is no number"
        if self.path == ("last_quote", "ask"):
            return "an ask of 0 is how the vendor says that nobody offers"
        if self.path == ("last_quote", "bid"):
            return "a bid of 0 without an ask: there is no quote"
        return f"{written.text} is not plausible: {self.words} is {self.plausible}"


class Derived(Struct, frozen=True):
    """A figure made of others of the same contract: names of fields, joined by a formula."""

    words: str
    formula: str
    unit: str
    inputs: tuple[str, ...]
    of: Callable[[Leg], float | None]
    missing: str = ""  # why, where it is made of anything but the quote

    def why_missing(self, leg: Leg) -> str:
        """Return why it cannot be made."""
        if self.missing:
            return self.missing
        if leg.condition is Condition.NONE:
            return "there is no quote"
        return f"the quote is {leg.condition}, and no figure is made of such a one"


class Checked(Struct, frozen=True):
    """A figure that is computed with the whole chain: of inputs of its contract, and of what the chain says."""

    words: str
    unit: str
    inputs: tuple[str, ...]
    of: Callable[[ContractCheck], float | None]
    formula: Callable[[ChainMeasures], str]
    missing: Callable[[ContractCheck], str]


class Judged(Struct, frozen=True):
    """What is wrong with a quote, if anything: a word, of what the inputs are to each other."""

    words: str
    rule: str
    inputs: tuple[str, ...]


class Aged(Struct, frozen=True):
    """How old something of a contract was when its snapshot was made; `of` leads to its vendor time, epoch ms."""

    words: str
    path: Path
    of: Callable[[Leg], int | None]


def value_at(item: Item, path: Path) -> object:
    """Return a value of a contract by its path, whatever its type; None where there is none."""
    block: object = getattr(item, path[0], None)
    return block if len(path) == 1 else getattr(block, path[1], None)


_STAMPS: Mapping[str, Path] = {
    "last_quote": ("last_quote", "last_updated"),
    "last_trade": ("last_trade", "sip_timestamp"),
    "day": ("day", "last_updated"),
}
_DELAYED = ("last_quote", "last_trade")
_UNSTAMPED = "the vendor gives IV and greeks no time of their own"
_T1 = "of the evening before: the clearing house counts once a day"
_IVS = f"between {IV_SHOWN[0]:g} and {IV_SHOWN[1]:g}"
_SOUND = "of a sound two-sided quote"
STRIKE = "strike"

FIGURES: Mapping[str, Field | Derived] = {
    STRIKE: Field("strike", ("details", "strike_price"), POINTS, lambda _: None),  # of the row, not of a leg
    "bid": Field("bid", ("last_quote", "bid"), POINTS, attrgetter("bid")),
    "ask": Field("ask", ("last_quote", "ask"), POINTS, attrgetter("ask")),
    "last": Field("last trade", ("last_trade", "price"), POINTS, attrgetter("last")),
    "close": Field("day's close", ("day", "close"), POINTS, attrgetter("close")),
    "volume": Field("day's volume", ("day", "volume"), CONTRACTS, attrgetter("volume")),
    "open_interest": Field("open interest", ("open_interest",), CONTRACTS, attrgetter("open_interest"), note=_T1),
    "iv": Field("implied volatility", ("implied_volatility",), FRACTION, attrgetter("iv"), _IVS, _UNSTAMPED),
    "delta": Field("delta", ("greeks", "delta"), "per share", attrgetter("delta"), "-1 to 1", _UNSTAMPED),
    "gamma": Field("gamma", ("greeks", "gamma"), "per share and point", attrgetter("gamma"), note=_UNSTAMPED),
    "theta": Field("theta", ("greeks", "theta"), "points a day", attrgetter("theta"), "any number", _UNSTAMPED),
    "vega": Field("vega", ("greeks", "vega"), "points per volatility point", attrgetter("vega"), note=_UNSTAMPED),
    "mid": Derived("mid", f"(bid + ask) / 2 {_SOUND}", POINTS, ("bid", "ask"), attrgetter("mid")),
    "bid_size": Field("bid size", ("last_quote", "bid_size"), CONTRACTS, attrgetter("bid_size")),
    "ask_size": Field("ask size", ("last_quote", "ask_size"), CONTRACTS, attrgetter("ask_size")),
    "spread_points": Derived("spread", "ask - bid", POINTS, ("bid", "ask"), attrgetter("spread")),
    "volume_on_interest": Derived(
        "volume over open interest",
        "volume / open interest",
        "ratio",
        ("volume", "open_interest"),
        attrgetter("volume_on_interest"),
        "there is no volume, or no open interest",
    ),
    "spread": Derived("spread", f"(ask - bid) / mid {_SOUND}", FRACTION, ("bid", "ask"), attrgetter("relative_spread")),
}

CHECKED: Mapping[str, Checked] = {
    "gex": Checked(
        "gamma exposure",
        "",
        ("gamma", "open_interest"),
        attrgetter("gex"),
        lambda measures: measures.gex.convention.words,
        lambda _: "there is no gamma, no open interest or no spot",
    ),
    "iv_mid": Checked(
        "volatility that the mid implies",
        FRACTION,
        ("bid", "ask"),
        attrgetter("iv_mid"),
        lambda _: IV_OF_MID,
        attrgetter("iv_why"),
    ),
}
QUOTE = "quote"
QUALITY = Judged(
    "quality of the quote",
    "sound where 0 < bid < ask; else crossed where bid > ask, locked where equal, one-sided, negative, or none",
    ("bid", "ask"),
)
AGES: Mapping[str, Aged] = {
    "quote_age": Aged("age of the quote", ("last_quote", "last_updated"), attrgetter("quote_ms")),
    "trade_age": Aged("age of the last trade", ("last_trade", "sip_timestamp"), attrgetter("trade_ms")),
}
