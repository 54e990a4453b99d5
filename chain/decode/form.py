"""A form: the type and limits of one kind of value from outside, and how it is decoded."""

import re
from typing import Generic, TypeVar

import msgspec
import orjson

from chain.decode.limits import Limits
from chain.errors import DecodeError
from chain.text import clean

T = TypeVar("T")

BYTE_ORDER_MARK = b"\xef\xbb\xbf"  # some editors begin a file with it

_MALFORMED = "JSON is malformed: "
_WORDS = re.compile(r"^(?P<what>.*?)(?: - at (?P<key>`key` in )?`\$?\.?(?P<where>[^`]*)`)?$", re.DOTALL)
_WRONG_TYPE = re.compile(r"Expected `(.+)`, got `(.+)`")
_OUTSIDE = re.compile(r"Expected `.+` ([<>]=? .+)")
_MISSING = re.compile(r"Object missing required field `(.+)`")


class Form(Generic[T]):
    """The type and the limits of one kind of JSON text."""

    def __init__(self, kind: type[T], limits: Limits, *, nesting: bool = True) -> None:
        """`nesting`: whether to limit it; without, `kind` leaves as bytes whatever nests."""
        self.kind = kind
        self.limits = limits
        self._nesting = nesting
        self.decoder = msgspec.json.Decoder(kind)

    def decode(self, raw: bytes) -> T:
        """Decode `raw`; raise DecodeError saying in one line what is wrong, and where."""
        self.limits.check(raw, nesting=self._nesting)
        try:
            return self.decoder.decode(raw)
        except msgspec.ValidationError as error:
            raise DecodeError(misfit(str(error))) from None
        except (msgspec.DecodeError, RecursionError) as error:
            raise DecodeError(malformed(error)) from None


def malformed(error: Exception) -> str:
    """Return in one line why a text is not JSON."""
    return f"not JSON: {clean(str(error).removeprefix(_MALFORMED), 80)}"


def decode_plain(raw: bytes, limits: Limits) -> object:
    """Return JSON as plain objects, for what is passed on as it came; raise DecodeError.

    An integer beyond 64 bits comes as a float, and a number that no float holds is refused, so what was read can be
    written again.
    """
    limits.check(raw)
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise DecodeError(f"not JSON: {clean(error, 80)}") from None


def misfit(text: str, outer: str = "") -> str:
    """Return the library's `Expected ..., got ... - at $.path` as `path: what does not fit`.

    `outer` is the path of the value that was read, where it is a part of another.
    """
    found = _WORDS.match(text)
    what, where = (found["what"], found["where"] or "") if found else (text, "")
    if found and found["key"]:
        where += " key"
    where = f"{outer}{'.' if outer and where[:1].isalpha() else ''}{where}"
    if missing := _MISSING.match(what):
        where, what = (f"{where}.{missing[1]}" if where else missing[1]), "missing"
    elif wrong := _WRONG_TYPE.fullmatch(what):
        what = f"{_plain(wrong[2])}, not {_plain(wrong[1])}"
    elif outside := _OUTSIDE.fullmatch(what):
        what = f"must be {outside[1]}"
    elif what == "Number out of range":
        what = "a number too large for any reader"
    return clean(f"{where}: {what}" if where else what, 160)


def _plain(kinds: str) -> str:
    """Return the names of JSON types as people say them, unions in full."""
    return " or ".join(_NAMES.get(kind, kind) for kind in kinds.split(" | "))


_NAMES = {
    "int": "an integer",
    "float": "a number",
    "str": "a string",
    "bool": "true or false",
    "object": "an object",
    "array": "an array",
    "null": "null",
}
