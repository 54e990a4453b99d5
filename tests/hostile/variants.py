"""Variants of a sound JSON value, each spoiled in one place, or as a whole: the same for the same seed."""

import json
import random
from collections.abc import Iterator
from typing import Any, NamedTuple

import orjson

_HERE = "@@HERE@@"


class Variant(NamedTuple):
    """One spoiled text; `name` says how and where, for a failure to name."""

    name: str
    raw: bytes

    @property
    def parses(self) -> bool:
        """Whether a program could read it, strictly by RFC 8259; how deep it can follow is a program's own affair."""
        try:
            json.loads(self.raw.decode(), parse_constant=_refuse, parse_int=str)
        except RecursionError:
            return True
        except ValueError:
            return False
        return True


def _refuse(word: str) -> None:
    raise ValueError(word)


TOKENS: dict[str, bytes] = {
    "17 deep": b"[" * 17 + b"]" * 17,
    "990 deep": b"[" * 990 + b"]" * 990,
    "objects 990 deep": b'{"a":' * 990 + b"1" + b"}" * 990,
    "20,000 deep": b"[" * 20_000 + b"]" * 20_000,
    "deep behind strings": b'["]",' * 400 + b"1" + b"]" * 400,
    "never closed": b"[" * 5_000,
    "5 kB of letters": b'"' + b"x" * 5_000 + b'"',
    "1 MB of letters": b'"' + b"x" * 1_000_000 + b'"',
    "an array of 100,000": b"[" + b"1," * 99_999 + b"1]",
    "60,000 empty objects": b"[" + b"{}," * 59_999 + b"{}]",
    "an escape": b'"\\u001b]52;c;CANARY\\u0007\\u009b31mCANARY"',
    "a raw escape": b'"\x1b[31mCANARY"',
    "a raw NUL": b'"\x00"',
    "line ends": b'"a\\r\\nCANARY\\tb"',
    "bidi and zero width": '"\u202eCANARY\u2066\u200b\ufeff"'.encode(),
    "markup": b'"[red]x[/] [@click=app.quit]y[/] [/nope]"',
    "a lone surrogate": b'"\\ud800"',
    "two of them in the wrong order": b'"\\udc00\\ud800"',
    "no UTF-8": b'"\xff\xfe"',
    "overlong UTF-8": b'"\xc0\xaf"',
    "NaN": b"NaN",
    "Infinity": b"-Infinity",
    "1e999": b"1e999",
    "10**400": b"1" + b"0" * 400,
    "10**5000": b"1" + b"0" * 5_000,
    "2**63": b"9223372036854775808",
    "2**64": b"18446744073709551616",
    "-2**63": b"-9223372036854775808",
    "-0.0": b"-0.0",
    "-1": b"-1",
    "0": b"0",
    "1e308": b"1e308",
    "5e-324": b"5e-324",
    "many digits": b"0." + b"1" * 3_000,
    "a fraction": b"6930.5",
    "true": b"true",
    "false": b"false",
    "null": b"null",
    "a number as text": b'"6930"',
    "no text": b'""',
    "an empty array": b"[]",
    "an empty object": b"{}",
    "a date that is none": b'"2026-02-30"',
    "a leading zero": b"007",
    "a comment": b"/* */ 1",
    "single quotes": b"'x'",
}


def variants(sound: Any, count: int, seed: int = 1) -> Iterator[Variant]:
    """Yield `count` variants; every token comes up before any comes up again."""
    pick = random.Random(seed)
    places = list(_places(sound))
    raw = orjson.dumps(sound)
    tokens: list[str] = []
    for number in range(count):
        if number % 8 == 7:
            yield _whole(raw, pick)
            continue
        tokens = tokens or pick.sample(list(TOKENS), len(TOKENS))
        token, place = tokens.pop(), pick.choice(places)
        yield Variant(f"{token} at {'.'.join(map(str, place))}", _spoiled(sound, place).replace(_QUOTED, TOKENS[token]))


_QUOTED = orjson.dumps(_HERE)


def _places(value: Any, at: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if at:
        yield at
    parts = value.items() if isinstance(value, dict) else enumerate(value[:2]) if isinstance(value, list) else ()
    for key, part in parts:
        yield from _places(part, (*at, key))


def _spoiled(sound: Any, place: tuple[str | int, ...]) -> bytes:
    body = orjson.loads(orjson.dumps(sound))
    inner = body
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = _HERE
    return orjson.dumps(body)


def _whole(raw: bytes, pick: random.Random) -> Variant:
    """Return a text that is spoiled as a whole."""
    at = pick.randrange(1, len(raw))
    key = raw[1 : raw.index(b":") + 1]
    ways: list[tuple[str, bytes]] = [
        ("cut short", raw[:at]),
        ("a byte flipped", raw[:at] + bytes([raw[at] ^ 0xFF]) + raw[at + 1 :]),
        ("a bit flipped", raw[:at] + bytes([raw[at] ^ (1 << pick.randrange(7))]) + raw[at + 1 :]),
        ("a duplicate key", raw[:-1] + b"," + key + b"[]}"),
        ("UTF-16", raw.decode().encode("utf-16")),
        ("a byte-order mark", b"\xef\xbb\xbf" + raw),
        ("twice", raw + raw),
        ("empty", b""),
        ("blanks", b" \n" * 40),
        ("100,000 brackets", b"[" * 100_000),
        ("9 MB of blanks", raw + b" " * 9_000_000),
        ("a NUL after it", raw + b"\x00"),
        ("gzip", b"\x1f\x8b\x08\x00" + raw),
        ("an array", b"[" + raw + b"]"),
    ]
    return Variant(*pick.choice(ways))
