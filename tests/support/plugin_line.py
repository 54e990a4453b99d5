"""A strict reader of a monitoring plugin's line, by the plugin guidelines: what it does not allow, this refuses."""

import re
from dataclasses import dataclass, field

_NUMBER = r"-?\d+(?:\.\d+)?"
_RANGE = re.compile(rf"(?P<inside>@)?(?:(?P<start>~|{_NUMBER}):)?(?P<end>{_NUMBER})?")
_DATUM = re.compile(
    rf"(?:'(?P<quoted>(?:[^'=|]|'')+)'|(?P<bare>[^\s'=|]+))="
    rf"(?P<value>{_NUMBER})(?P<unit>s|us|ms|%|B|KB|MB|GB|TB|c)?"
    rf"(?:;(?P<warn>[^;\s]*))?(?:;(?P<crit>[^;\s]*))?(?:;(?P<low>{_NUMBER})?)?(?:;(?P<high>{_NUMBER})?)?"
)
_HEAD = re.compile(
    r"CHAIN (?P<state>OK|STARTING|WARNING|PARTIAL DEGRADATION|DEGRADED|CRITICAL|UNKNOWN) - (?P<words>\S.*\S|\S)"
)


@dataclass(frozen=True, slots=True)
class Limits:
    """A threshold range: an alarm outside it, or inside where `inside` says so."""

    start: float
    end: float
    inside: bool = False

    def alarms(self, value: float) -> bool:
        """Return whether a value raises the alarm."""
        return (self.start <= value <= self.end) is self.inside


@dataclass(frozen=True, slots=True)
class Datum:
    """One piece of performance data."""

    value: float
    unit: str
    warn: Limits | None = None
    crit: Limits | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class PluginLine:
    """What a monitoring system takes from a plugin's line."""

    state: str
    words: str
    data: dict[str, Datum] = field(default_factory=dict)


def read_line(text: str) -> PluginLine:
    """Return what the line says; fail unless it is one line, one verdict, and performance data by the grammar."""
    text = text.removesuffix("\n")
    assert text.isprintable(), f"more than one line, or a control character: {text!r}"
    assert len(text) < 8192
    said, bar, tail = text.partition(" | ")
    assert "|" not in said + tail, f"a bar too many in {text!r}"
    head = _HEAD.fullmatch(said)
    assert head, f"no verdict in {said!r}"
    data: dict[str, Datum] = {}
    assert bool(tail) is bool(bar), "a bar with nothing behind it"
    while tail:
        found = _DATUM.match(tail)
        assert found, f"no performance data by the grammar: {tail!r}"
        label = (found["quoted"] or found["bare"]).replace("''", "'")
        assert label not in data, f"{label} twice"
        data[label] = _datum(found)
        tail = tail[found.end() :]
        assert not tail or (tail[0] == " " and tail[1:2].strip()), f"no single space before {tail!r}"
        tail = tail[1:]
    return PluginLine(head["state"], head["words"], data)


def _datum(found: re.Match[str]) -> Datum:
    low, high = (None if found[name] is None else float(found[name]) for name in ("low", "high"))
    value = float(found["value"])
    assert (low is None or low <= value) and (low is None or high is None or low <= high)
    return Datum(value, found["unit"] or "", _limits(found["warn"]), _limits(found["crit"]), low, high)


def _limits(text: str | None) -> Limits | None:
    if not text:
        return None
    found = _RANGE.fullmatch(text)
    assert found, f"{text!r} is no range"
    start = float("-inf") if found["start"] == "~" else float(found["start"] or 0)
    end = float("inf") if found["end"] is None else float(found["end"])
    assert start <= end, f"range {text!r} is empty"
    return Limits(start, end, bool(found["inside"]))
