"""Source *capture*: recorded whole chains, cut and published as if they were current."""

import gzip
import zlib
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

from msgspec import Raw, Struct

from chain.decode.form import BYTE_ORDER_MARK, Form, decode_plain
from chain.decode.limits import Limits
from chain.errors import ChaindeckError, DecodeError
from chain.model.contract import MAX_LEVEL, Figure, Item, number
from chain.model.keys import EPOCH_MAX_S, EPOCH_MIN_S, ChainId, parse_expiry, parse_underlying, vendor_symbol
from chain.model.session import days_to_expiry, new_york
from chain.model.snapshot import Contract
from chain.text import clean
from publisher.exported import as_records
from publisher.fields import block, contradiction, spot_of
from publisher.source import ChainWindow, SourceError, SourceStatus, Survey
from publisher.window import EM_MULT, ExpiryChain, cut, index_expiry

_LIMITS = Limits(64 * 1024 * 1024, containers=500_000, values=5_000_000)  # twice the largest chain that exists
_GZIP = b"\x1f\x8b"  # the first bytes of every gzip file
_SPOTS_APART = 0.1  # how far a record's spot and that of its contracts may differ, as a fraction of spot
_SHAPE = '{"ts", "underlying", "spot", "results"}'


class RecordLine(Struct, frozen=True):
    """One line of a capture: a whole chain as recorded. `ts` is epoch seconds, `results` the vendor's own objects."""

    ts: float
    underlying: str
    results: list[Item | float | str | bool | list[Raw] | None]  # an invalid contract is reported when it is played
    spot: Figure = None


_RECORD = Form(RecordLine, _LIMITS)


class Record(Struct, frozen=True):
    """One recorded chain of one underlying: whole, indexed by expiration. `ts` is epoch seconds."""

    ts: float
    underlying: str
    spot: float
    chains: dict[date, ExpiryChain]
    number: int  # counted from 1, within its underlying's records
    of: int


class CaptureSource:
    """Plays recorded chains: each cycle moves every underlying to its next record, and from the last to the first."""

    def __init__(self, files: Sequence[Path], *, mult: float = EM_MULT) -> None:
        self._names = ", ".join(clean(path.name, 80) for path in files)
        self._lines = _read_lines(files)
        self._mult = mult
        self._turn = -1
        self._cache: dict[str, Record] = {}

    in_memory = True

    @property
    def underlyings(self) -> tuple[str, ...]:
        """The recorded underlyings, in the order of the files."""
        return tuple(self._lines)

    def status(self) -> SourceStatus:
        """Describe the records being played; "now" for each underlying is its own record's time."""
        as_of = {record.underlying: record.ts for record in self._cache.values()}
        return SourceStatus("capture", self._names, _in_words(list(self._cache.values())), as_of)

    async def begin_cycle(self) -> None:
        """Move on to the next record."""
        self._turn += 1

    async def survey(self, underlying: str) -> Survey:
        """Return the current record's spot and the expirations that list calls of 100 shares, as a live source does."""
        record = self._record(underlying)
        listed = tuple(expiry for expiry, chain in record.chains.items() if "call" in chain.sides)
        if not listed:
            raise SourceError(f"the record of {underlying} lists no calls of 100 shares")
        return Survey(underlying, record.spot, record.ts, listed)

    async def fetch_window(self, survey: Survey, expiry: date) -> ChainWindow:
        """Return the current record's contracts around the ATM."""
        record = self._record(survey.underlying)
        chain = record.chains.get(expiry)
        if chain is None:
            raise SourceError(f"the record of {survey.underlying} has no {expiry}")
        if "put" not in chain.sides:
            raise SourceError(f"the record lists calls of {survey.underlying} {expiry} alone")
        dte = days_to_expiry(expiry, record.ts)
        return cut(ChainId(survey.underlying, expiry), chain, spot=record.spot, dte=dte, mult=self._mult)

    async def aclose(self) -> None:
        """Forget the records."""
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
    """Return which records these are: each with its date if dates differ, else one instant for all."""
    days = {new_york(record.ts).date() for record in records}
    if len(days) > 1:
        return ", ".join(f"{r.underlying} {r.number}/{r.of} {new_york(r.ts):%m-%d}" for r in records)
    latest = max((record.ts for record in records), default=None)
    when = "" if latest is None else f" of {new_york(latest):%Y-%m-%d %H:%M} ET"
    return ", ".join(f"{r.underlying} {r.number}/{r.of}" for r in records) + when


class _Line(Struct, frozen=True):
    """A record's line in its file, and its header; its contracts are decoded when it is played."""

    raw: bytes
    where: str
    ts: float
    underlying: str
    spot: float | None


def _read_lines(files: Sequence[Path]) -> dict[str, list[_Line]]:
    """Return the records' lines by underlying, in time order within each; raise SourceError naming file and line."""
    found: dict[str, list[_Line]] = {}
    for path in files:
        for nth, raw in as_records(enumerate(_lines_of(path), start=1), clean(path.name, 80)):
            if raw and not raw.isspace():
                line = _read_line(raw, f"{clean(path.name, 80)}, line {nth}")
                found.setdefault(line.underlying, []).append(line)
    if not found:
        raise SourceError(f"no records in {', '.join(clean(path.name, 80) for path in files) or 'no files'}")
    return {underlying: sorted(lines, key=lambda line: line.ts) for underlying, lines in found.items()}


def _lines_of(path: Path) -> Iterator[bytes]:
    name, read = clean(path.name, 80), 0
    try:
        with path.open("rb") as plain, gzip.open(plain) if plain.peek(2).startswith(_GZIP) else plain as file:
            while line := file.readline(_LIMITS.size + 1):
                read += 1
                yield line.removeprefix(BYTE_ORDER_MARK) if read == 1 else line
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise SourceError(f"{name}, line {read + 1}: {error}") from None
    except OSError as error:
        raise SourceError(f"capture {clean(path)}: {error.strerror}") from None


def _read_line(raw: bytes, where: str) -> _Line:
    try:
        head = _RECORD.decode(raw)
    except DecodeError as error:
        raise SourceError(f"{where}: {error}; a record is {_SHAPE}") from None
    return _Line(raw, where, _stamp(head.ts, where), _underlying(head.underlying, where), number(head.spot))


def _parse(line: _Line, place: int, of: int) -> Record:
    by_expiry: dict[str, list[Contract]] = {}
    contracts = _contracts(line)
    for nth, item in enumerate(contracts, start=1):
        by_expiry.setdefault(_expiration(item, nth, line), []).append(item)
    spot = _spot(contracts, line)
    try:
        chains = {parse_expiry(text): index_expiry(items) for text, items in sorted(by_expiry.items())}
    except ChaindeckError as error:
        raise SourceError(f"{line.where}: {error}") from None
    return Record(line.ts, line.underlying, spot, chains, place, of)


def _spot(contracts: Sequence[Contract], line: _Line) -> float:
    """Return a record's spot; raise SourceError if it is invalid or its contracts contradict it."""
    spot = line.spot
    if spot is None or not 0 < spot <= MAX_LEVEL:
        raise SourceError(f"{line.where}: spot is missing or not a positive number")
    told = next((level for item in contracts if (level := spot_of(item)) is not None), None)
    if told is not None and abs(told - spot) > _SPOTS_APART * spot:
        raise SourceError(f"{line.where}: spot {spot:g} beside contracts that say {told:g}")
    return spot


def _contracts(line: _Line) -> list[Contract]:
    """Return the recorded objects unchanged, ready to publish."""
    try:
        body = decode_plain(line.raw, _LIMITS)
    except DecodeError as error:
        raise SourceError(f"{line.where}: {error}") from None
    assert isinstance(body, dict)
    found: list[Contract] = body["results"]
    return found


def _expiration(item: object, nth: int, line: _Line) -> str:
    """Return a contract's expiration if it belongs to the underlying and has every field a window needs."""
    details = block(item, "details") if isinstance(item, dict) else {}
    lacking = [
        name for name in ("ticker", "contract_type", "expiration_date") if not isinstance(details.get(name), str)
    ]
    if number(details.get("strike_price")) is None:
        lacking.append("strike_price")
    if lacking:
        raise SourceError(f"{line.where}: contract {nth} has no usable {lacking[0]}")
    if isinstance(item, dict) and (reason := contradiction(item, vendor_symbol(line.underlying))):
        raise SourceError(f"{line.where}: contract {nth}: {reason}")
    return str(details["expiration_date"])


def _underlying(name: str, where: str) -> str:
    try:
        return parse_underlying(name)
    except ChaindeckError as error:
        raise SourceError(f"{where}: {error}") from None


def _stamp(ts: float, where: str) -> float:
    """Return a record's time, epoch seconds; raise SourceError naming the unit it seems to be in otherwise."""
    if EPOCH_MIN_S <= ts < EPOCH_MAX_S:
        return ts
    for unit, per_second in (("milliseconds", 1e3), ("microseconds", 1e6), ("nanoseconds", 1e9)):
        if EPOCH_MIN_S <= ts / per_second < EPOCH_MAX_S:
            raise SourceError(f"{where}: ts {ts:.0f} is in {unit}, not in seconds")
    raise SourceError(f"{where}: ts {ts:g} is no epoch in seconds between 2000 and 2100")
