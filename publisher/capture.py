"""Source *capture*: recorded whole chains, sliced and published as if their moment were now."""

import gzip
import math
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import orjson

from chain.errors import ChaindeckError
from chain.model.fields import block, number
from chain.model.keys import ChainId, parse_expiry, parse_underlying
from chain.model.session import days_to_expiry, new_york
from chain.model.snapshot import Contract
from publisher.slicing import EM_MULT, ExpiryChain, cut, index_expiry
from publisher.source import ChainSlice, SourceError, SourceStatus, Survey

_MAX_LINE_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Record:
    """One recorded chain of one underlying: whole, indexed by expiration. `ts` is epoch seconds."""

    ts: float
    underlying: str
    spot: float
    chains: dict[date, ExpiryChain]
    number: int  # from one, within its underlying's records
    of: int


class CaptureSource:
    """Plays recorded chains: each cycle moves every underlying to its next record, and from the last to the first."""

    def __init__(self, files: Sequence[Path], *, mult: float = EM_MULT) -> None:
        self._names = ", ".join(path.name for path in files)
        self._lines = _read_lines(files)
        self._mult = mult
        self._turn = -1
        self._cache: dict[str, Record] = {}

    at_hand = True

    @property
    def underlyings(self) -> tuple[str, ...]:
        """The recorded underlyings, in the order of the files."""
        return tuple(self._lines)

    def status(self) -> SourceStatus:
        """Describe the records being played; each underlying's dates count from its own."""
        as_of = {record.underlying: record.ts for record in self._cache.values()}
        return SourceStatus("capture", self._names, _in_words(list(self._cache.values())), as_of)

    async def begin_cycle(self) -> None:
        """Move on to the next record."""
        self._turn += 1

    async def survey(self, underlying: str) -> Survey:
        """Return the current record's spot and expirations."""
        record = self._record(underlying)
        return Survey(underlying, record.spot, record.ts, tuple(record.chains))

    async def slice(self, survey: Survey, expiry: date) -> ChainSlice:
        """Return the current record's contracts around the ATM."""
        record = self._record(survey.underlying)
        chain = record.chains.get(expiry)
        if chain is None:
            raise SourceError(f"the record of {survey.underlying} has no {expiry}")
        dte = days_to_expiry(expiry, record.ts)
        return cut(ChainId(survey.underlying, expiry), chain, spot=record.spot, dte=dte, mult=self._mult)

    async def aclose(self) -> None:
        """Let go of the records."""
        self._cache.clear()

    def _record(self, underlying: str) -> Record:
        lines = self._lines[underlying]
        place = max(self._turn, 0) % len(lines)
        record = self._cache.get(underlying)
        if record is None or record.number != place + 1:
            record = _parse(lines[place], place + 1, len(lines))
            self._cache[underlying] = record
        return record


def _in_words(records: Sequence[Record]) -> str:
    """Return which records these are: each with its date where they are of several, one instant where of one."""
    days = {new_york(record.ts).date() for record in records}
    if len(days) > 1:
        return ", ".join(f"{r.underlying} {r.number}/{r.of} {new_york(r.ts):%m-%d}" for r in records)
    latest = max((record.ts for record in records), default=None)
    when = "" if latest is None else f" of {new_york(latest):%Y-%m-%d %H:%M} ET"
    return ", ".join(f"{r.underlying} {r.number}/{r.of}" for r in records) + when


@dataclass(frozen=True, slots=True)
class _Line:
    raw: bytes
    where: str


def _read_lines(files: Sequence[Path]) -> dict[str, list[_Line]]:
    """Return the records' lines by underlying, in time order within each; raise SourceError naming file and line."""
    stamped: dict[str, list[tuple[float, _Line]]] = {}
    for path in files:
        for nth, raw in enumerate(_lines_of(path), start=1):
            if raw.strip():
                line = _Line(raw, f"{path.name}, line {nth}")
                head = _load(line)
                stamped.setdefault(_underlying(head, line), []).append((_positive(head, "ts", line), line))
    if not stamped:
        raise SourceError(f"no records in {', '.join(path.name for path in files) or 'no files'}")
    return {
        underlying: [line for _, line in sorted(rows, key=lambda row: row[0])] for underlying, rows in stamped.items()
    }


def _lines_of(path: Path) -> Iterator[bytes]:
    read = 0
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
            while line := file.readline(_MAX_LINE_BYTES):
                read += 1
                yield line
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise SourceError(f"{path.name}, line {read + 1}: {error}") from None
    except OSError as error:
        raise SourceError(f"capture {path}: {error.strerror}") from None


def _load(line: _Line) -> dict[str, Any]:
    try:
        body = orjson.loads(line.raw)
    except orjson.JSONDecodeError as error:
        raise SourceError(f"{line.where}: not JSON ({error})") from None
    if not isinstance(body, dict) or not isinstance(body.get("results"), list):
        raise SourceError(f'{line.where}: not a record {{"ts", "underlying", "spot", "results"}}')
    return body


def _parse(line: _Line, place: int, of: int) -> Record:
    body = _load(line)
    by_expiry: dict[str, list[Contract]] = {}
    for nth, item in enumerate(body["results"], start=1):
        by_expiry.setdefault(_expiration(item, nth, line), []).append(item)
    try:
        chains = {parse_expiry(text): index_expiry(items) for text, items in sorted(by_expiry.items())}
    except ChaindeckError as error:
        raise SourceError(f"{line.where}: {error}") from None
    return Record(
        _positive(body, "ts", line), _underlying(body, line), _positive(body, "spot", line), chains, place, of
    )


def _expiration(item: object, nth: int, line: _Line) -> str:
    """Return a contract's expiration if it has all that a slice is cut by; raise SourceError."""
    details = block(item, "details") if isinstance(item, dict) else {}
    lacking = [
        name for name in ("ticker", "contract_type", "expiration_date") if not isinstance(details.get(name), str)
    ]
    if number(details.get("strike_price")) is None:
        lacking.append("strike_price")
    if lacking:
        raise SourceError(f"{line.where}: contract {nth} has no usable {lacking[0]}")
    return str(details["expiration_date"])


def _underlying(body: dict[str, Any], line: _Line) -> str:
    try:
        return parse_underlying(str(body.get("underlying", "")))
    except ChaindeckError as error:
        raise SourceError(f"{line.where}: {error}") from None


def _positive(body: dict[str, Any], name: str, line: _Line) -> float:
    value = body.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value <= 0:
        raise SourceError(f"{line.where}: {name} is missing or not a positive number")
    return float(value)
