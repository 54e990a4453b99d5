"""A tape's snapshots as Parquet, one row a contract, in folders by underlying and day as every engine reads them.

Written by DuckDB, of the extra `chaindeck[parquet]`, from rows that are typed here: a field of another type than it
should have is a NULL, and costs no other field.
"""

import importlib
import os
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from errno import ENOSPC
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO

import msgspec

from chain.errors import ChaindeckError
from chain.model.contract import Day, Details, Greeks, Item, Quote, Trade, number, part
from chain.model.keys import SnapshotId
from chain.model.session import new_york
from chain.model.snapshot import PAYLOAD, decode_payload
from chain.text import clean
from tape.errors import TapeError
from tape.play.reader import TapeReader
from tape.store.file import TapeFile
from tape.store.layout import shown
from tape.tools.ndjson import payloads
from tape.tools.scan import Damage

MISSING = "export --parquet needs DuckDB: install chaindeck[parquet]"


class ContractRow(msgspec.Struct, frozen=True):
    """One contract of one snapshot. Prices and strikes in points, IV a fraction, times epoch ns."""

    key: str
    received_ns: int
    ts_ms: int
    expiration: str
    atm: int
    range_points: int
    ticker: str | None
    side: str | None
    strike: float | None
    spot: float | None
    bid: float | None
    ask: float | None
    quoted_ns: int | None
    last: float | None
    volume: float | None
    open_interest: float | None
    iv: float | None
    delta: float | None
    gamma: float | None
    theta: float | None
    vega: float | None


COLUMNS = {
    **dict.fromkeys(("key", "ticker", "side"), "VARCHAR"),
    "expiration": "DATE",
    **dict.fromkeys(("received_ns", "ts_ms", "atm", "range_points", "quoted_ns"), "BIGINT"),
}  # all others are DOUBLE
_PART_BYTES = 64 * 1024 * 1024  # of rows as JSON, which become one file
_WIDEST = 2**63


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written, and how many payloads are no snapshot and so no rows."""

    snapshots: int = 0
    contracts: int = 0
    files: int = 0
    left_out: int = 0


def export_parquet(tape: TapeFile, folder: Path, on_damage: Callable[[Damage], None]) -> Exported:
    """Write a tape's snapshots under a folder; raise TapeError without DuckDB, and where a file is there already.

    An export that fails leaves nothing of its own behind.
    """
    parts = _Parts(folder, tape.path.stem)
    keys = TapeReader(tape).keys
    snapshots = contracts = left_out = 0
    with closing(parts):
        for received_ns, key, raw in payloads(tape, on_damage):
            try:
                of = keys.parse_snapshot(key)
                rows = list(rows_of(of, key, received_ns, raw))
            except ChaindeckError:
                left_out += 1
                continue
            day = new_york(received_ns / 1e9).date()
            parts.add(f"underlying={of.chain.underlying}/date={day.isoformat()}", rows)
            snapshots += 1
            contracts += len(rows)
        parts.finish()
    return Exported(snapshots, contracts, parts.files, left_out)


def rows_of(of: SnapshotId, key: str, received_ns: int, raw: bytes) -> Iterator[ContractRow]:
    """Yield a row for each contract of a payload; raise DecodeError for one that is no snapshot."""
    body = decode_payload(PAYLOAD, raw)
    identity = (key, received_ns, of.ts_ms, of.chain.expiry.isoformat(), body.atm, body.range_points)
    for item in body.contracts:
        yield _row(item, identity)


def _row(item: Item, identity: tuple[str, int, int, str, int, int]) -> ContractRow:
    details, quote = part(item.details, Details), part(item.last_quote, Quote)
    greeks = part(item.greeks, Greeks)
    day = part(item.day, Day)
    return ContractRow(
        *identity,
        ticker=_word(details.ticker),
        side=_word(details.contract_type),
        strike=number(details.strike_price),
        spot=item.spot,
        bid=number(quote.bid),
        ask=number(quote.ask),
        quoted_ns=_whole(quote.last_updated),
        last=number(part(item.last_trade, Trade).price),
        volume=number(day.volume),
        open_interest=number(item.open_interest),
        iv=number(item.implied_volatility),
        delta=number(greeks.delta),
        gamma=number(greeks.gamma),
        theta=number(greeks.theta),
        vega=number(greeks.vega),
    )


def _word(value: object) -> str | None:
    return clean(value, 64) if isinstance(value, str) else None


def _whole(value: object) -> int | None:
    return value if type(value) is int and abs(value) < _WIDEST else None


class _Parts:
    """Rows on their way into files, a few for each folder: each is full, or the last of its folder."""

    def __init__(self, folder: Path, name: str) -> None:
        try:
            duckdb = importlib.import_module("duckdb")  # of the extra: nothing else needs it
        except ImportError:
            raise TapeError(MISSING) from None
        self._folder = folder
        self._name = name
        self._failed: type[Exception] = duckdb.Error
        self._engine: Any = duckdb.connect(config={"threads": 1, "autoinstall_known_extensions": False})
        self._rows = TemporaryDirectory(prefix="cd-")
        self._open: dict[str, BinaryIO] = {}
        self._numbers: dict[str, int] = {}
        self._written: list[Path] = []
        self._finished = False

    @property
    def files(self) -> int:
        """How many files were written."""
        return len(self._written)

    def add(self, where: str, rows: list[ContractRow]) -> None:
        """Add rows to a folder, named from the export's own on."""
        try:
            if where not in self._open:
                self._open[where] = (Path(self._rows.name) / f"{len(self._numbers)}.{self.files}").open("xb")
                self._numbers.setdefault(where, 0)
            file = self._open[where]
            file.write(b"".join(msgspec.json.encode(row) + b"\n" for row in rows))
        except OSError as error:
            raise self._no_rows(error) from None
        if file.tell() > _PART_BYTES:
            self._write(where)

    def finish(self) -> None:
        """Write what is left."""
        for where in [*self._open]:
            self._write(where)
        self._finished = True

    def close(self) -> None:
        """Remove what is not needed any more; of an export that was not finished, everything."""
        for file in self._open.values():
            with suppress(OSError):  # of rows that nobody needs now
                file.close()
        self._engine.close()
        self._rows.cleanup()
        if not self._finished:
            for path in self._written:
                self._remove(path)

    def _write(self, where: str) -> None:
        source = self._open.pop(where)
        try:
            source.close()
        except OSError as error:
            raise self._no_rows(error) from None
        number, self._numbers[where] = self._numbers[where], self._numbers[where] + 1
        path = self._folder / where / f"{self._name}-{number:04d}.parquet"
        if path.exists():
            raise TapeError(f"{shown(path)}: is there already, and is not written over")
        columns = {name: COLUMNS.get(name, "DOUBLE") for name in ContractRow.__struct_fields__}
        read = f"read_json({_quoted(source.name)}, format = 'newline_delimited', columns = {columns})"
        self._written.append(path)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._engine.execute(f"COPY (FROM {read}) TO {_quoted(str(path))} (FORMAT parquet, COMPRESSION zstd)")
            Path(source.name).unlink()
        except OSError as error:
            raise TapeError(f"{shown(path)}: {error.strerror}") from None
        except self._failed as error:
            told = os.strerror(ENOSPC) if os.strerror(ENOSPC) in str(error) else clean(error, 160)
            raise TapeError(f"{shown(path)}: {told}") from None

    def _remove(self, path: Path) -> None:
        """Remove a file, and the folders for its underlying and date where they are empty without it."""
        with suppress(OSError):  # a folder that holds something else stays
            path.unlink(missing_ok=True)
            for folder in path.parents[:2]:
                folder.rmdir()

    def _no_rows(self, error: OSError) -> TapeError:
        return TapeError(f"{shown(Path(self._rows.name))}: {error.strerror}: rows wait there; TMPDIR names the folder")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
