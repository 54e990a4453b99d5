"""Values of settings, made of text or of what TOML holds. Each raises ValueError with what it wants."""

import difflib
import math
from collections.abc import Callable, Sequence

from chain.errors import InvalidNameError
from chain.model.keys import parse_underlying, vendor_symbol
from chain.redis.connect.connection import RedisTarget
from publisher.massive.api.address import base_url, stream_url

_SHORTEST_S, _LONGEST_S = 0.1, 604_800  # of an interval and a TTL: a week's TTL outlasts any holiday
_LEAST_REWIND_MB, _MOST_REWIND_MB = 16, 4096
_ROOTS = {"SPXW": "SPX", "NDXP": "NDX", "RUTW": "RUT", "VIXW": "VIX"}  # series of an index, named by their own root


def parse_text(value: object) -> str:
    """Return a text that is not blank."""
    if not isinstance(value, str) or not value.strip():
        raise ValueError("a text")
    return value.strip()


def parse_key(value: object) -> str:
    """Return a key: printable, without blanks."""
    key = parse_text(value)
    if not key.isascii() or not key.isprintable() or " " in key:
        raise ValueError("a key: it holds a space, a line break or a character that no key has")
    return key


def parse_number(value: object) -> float:
    """Return a finite number, as people write them."""
    text = str(value)
    try:
        # `True` is no number, and its text is none either; Python also reads 1_0 and digits of other scripts
        number = float(text) if text.isascii() and "_" not in text else math.nan
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ValueError("a number")
    return number


def parse_whole(value: object) -> int:
    """Return a whole number."""
    number = parse_number(value)
    if number != int(number):
        raise ValueError("a whole number")
    return int(number)


def parse_seconds(value: object) -> float:
    """Return seconds of an interval or a time to live."""
    seconds = parse_number(value)
    if not _SHORTEST_S <= seconds <= _LONGEST_S:
        raise ValueError(f"a number of seconds from {_SHORTEST_S:g} to {_LONGEST_S}")
    return seconds


def parse_moves(value: object) -> float:
    """Return a number of expected moves."""
    moves = parse_number(value)
    if not 0 < moves <= 20:
        raise ValueError("a number above 0 and at most 20")
    return moves


def parse_rewind(value: object) -> int:
    """Return megabytes to step back in."""
    size = parse_whole(value)
    if size and not _LEAST_REWIND_MB <= size <= _MOST_REWIND_MB:
        raise ValueError(f"0, or a whole number of MB from {_LEAST_REWIND_MB} to {_MOST_REWIND_MB}")
    return size


def number_between(least: float, most: float) -> Callable[[object], float]:
    """Return what parses a number within limits."""

    def parse(value: object) -> float:
        number = parse_number(value)
        if not least <= number <= most:
            raise ValueError(f"a number from {least:g} to {most:g}")
        return number

    return parse


def nearest(word: str, known: Sequence[str]) -> str:
    """Return what stands behind an unknown word: the one that was probably meant, else all that are known."""
    near = difflib.get_close_matches(word, known, n=1)
    return f"; did you mean {near[0]}?" if near else f"; known: {', '.join(known)}"


def one_of(*choices: str) -> Callable[[object], str]:
    """Return what parses one of a few words."""

    def parse(value: object) -> str:
        word = str(value).strip().lower()
        if word not in choices:
            raise ValueError(f"one of {', '.join(choices)}")
        return word

    return parse


def whole_between(least: int, most: int) -> Callable[[object], int]:
    """Return what parses a whole number within limits."""

    def parse(value: object) -> int:
        number = parse_whole(value)
        if not least <= number <= most:
            raise ValueError(f"a whole number from {least} to {most}")
        return number

    return parse


def parse_switch(value: object) -> bool:
    """Return true or false, in any of their words."""
    known = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
    found = known.get(str(value).strip().lower())
    if found is None:
        raise ValueError("true or false")
    return found


def parse_redis_url(value: object) -> str:
    """Return a Redis URL."""
    return RedisTarget(parse_text(value)).url


def parse_base_url(value: object) -> str:
    """Return the vendor's host."""
    return base_url(parse_text(value))


def parse_stream_url(value: object) -> str:
    """Return the vendor's host of the stream."""
    return stream_url(parse_text(value))


def parse_symbols(value: object) -> tuple[str, ...]:
    """Return symbols as they stand in keys; `I:` stays where the name alone does not show an index."""
    parts = value if isinstance(value, list | tuple) else str(value).split(",")
    given = [str(part).strip().upper() for part in parts if str(part).strip()]
    symbols = {_symbol(text): text for text in given}
    if not symbols:
        raise ValueError("a list of symbols, as in SPX,NDX")
    # The I: prefix stays if the name alone does not show that it is an index.
    return tuple(symbol if vendor_symbol(symbol) == text else text for symbol, text in symbols.items())


def _symbol(text: str) -> str:
    symbol = parse_underlying(text)
    if symbol in _ROOTS:
        raise InvalidNameError(
            f"{symbol} is a root of {_ROOTS[symbol]}, whose chains hold it: ask for {_ROOTS[symbol]}"
        )
    return symbol
