"""Cut whole recorded chains down to what the tests need: `python -m tests.support.cut_captures FOLDER`.

Reads every `*.jsonl.gz` of the folder and writes the file of the same name to `tests/data/captures`.
"""

import gzip
import sys
from pathlib import Path

from msgspec import Raw, Struct, json

from tests.support.places import DATA

WHOLE_DATES = 8  # the next expirations keep every contract: more than the six that a publisher publishes
NEAR = 0.03  # later ones keep the strikes this near to the spot, of the spot


class _Details(Struct, frozen=True):
    expiration_date: str
    strike_price: float


class _Contract(Struct, frozen=True):
    details: _Details


class _Record(Struct, frozen=True):
    """One line of a capture; what is raw is written again byte for byte."""

    ts: Raw
    underlying: str
    spot: Raw
    results: list[Raw]


def cut(line: bytes) -> bytes:
    """Return a record without the contracts that no test needs; the others keep their bytes and their order."""
    record = json.decode(line, type=_Record)
    spot = json.decode(record.spot, type=float)
    found = [(raw, json.decode(raw, type=_Contract).details) for raw in record.results]
    whole = set(sorted({details.expiration_date for _, details in found})[:WHOLE_DATES])
    kept = [
        raw
        for raw, details in found
        if details.expiration_date in whole or abs(details.strike_price - spot) <= NEAR * spot
    ]
    return json.encode(_Record(record.ts, record.underlying, record.spot, kept))


def cut_file(path: Path) -> bytes:
    """Return the records of one capture file, cut, a line each."""
    with gzip.open(path) as lines:
        return b"".join(cut(line) + b"\n" for line in lines)


def main(folder: Path) -> None:
    """Cut all captures of a folder."""
    for path in sorted(folder.glob("*.jsonl.gz")):
        (DATA / "captures" / path.name).write_bytes(gzip.compress(cut_file(path), mtime=0))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
