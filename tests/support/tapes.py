"""Tapes to test with: moments of an invented recording, and damage done to a file for real."""

import random
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path

from chain.clock import Instant
from chain.model.keys import ChainId, KeySchema, SnapshotId
from chain.model.snapshot import encode
from tape.store.facts import Fact, FactKind, Moment, MomentKind
from tape.store.words import PayloadWords, put
from tape.store.writer import TapeWriter
from tests.support.scenes import NDX, SPOT, SPX, START_NS, snapshot, surface

START = Instant(START_NS, 5_000.0)


def instant(seconds: float) -> Instant:
    """Return the instant so long after the beginning."""
    return Instant(START_NS + round(seconds * 1e9), 5_000.0 + seconds)


def payload(seconds: float, chain: ChainId = SPX, *, strikes: int = 12, spot: float = SPOT) -> bytes:
    """Return a chain's payload as published so long after the beginning; each differs from the one before."""
    levels = [6900.0 + 5 * at for at in range(strikes)]
    moved = round(10.0 + seconds % 7 / 10, 2)
    quote = {"bid": moved, "ask": moved + 0.4, "last_updated": START_NS + round(seconds * 1e9)}
    contracts = surface(levels, chain=chain, last_quote=quote, spot=spot)
    return encode(snapshot(chain, START_NS + round(seconds * 1e9), contracts))


def moment(seconds: float, *facts: Fact, kind: str = MomentKind.POLL, begins: bool = True) -> Moment:
    """Return an answer asked for so long after the beginning, and received a millisecond later."""
    return Moment(kind, instant(seconds), instant(seconds + 0.001), begins=begins, facts=facts)


def fetched(seconds: float, chain: ChainId) -> Fact:
    """Return the fact of a chain's payload as published so long after the beginning."""
    key = KeySchema().snapshot(SnapshotId(chain, instant(seconds).wall_ms))
    return Fact(FactKind.PAYLOAD, str(chain), put(PayloadWords(key, 60_000)), payload(seconds, chain))


def recording(seconds: int, every: int = 10) -> list[Moment]:
    """Return a recording of two chains: a look each second, a snapshot of each every so many seconds."""
    return list(recorded(seconds, every))


def recorded(seconds: int, every: int = 10) -> Iterator[Moment]:
    """Yield the same, as it comes."""
    yield moment(0.0, kind=MomentKind.RUN, begins=False)
    for at in range(seconds):
        facts: list[Fact] = []
        if at % every == 0:
            named = f"key of {at}".encode()
            facts += [Fact(FactKind.POINTER, str(chain), None, named) for chain in (SPX, NDX)]
        yield moment(at, *facts)
        if facts:
            yield moment(at + 0.01, *(fetched(at, one) for one in (SPX, NDX)), kind=MomentKind.FETCH, begins=False)


def write(path: Path, moments: Iterable[Moment]) -> Path:
    """Write a tape of these moments."""
    with TapeWriter(path, {"prefix": "massive"}) as tape:
        for one in moments:
            tape.add(one)
    return path


def flip_byte(path: Path, at: int) -> None:
    """Flip every bit of one byte of a file."""
    with path.open("r+b") as file:
        file.seek(at)
        [byte] = file.read(1)
        file.seek(at)
        file.write(bytes([byte ^ 0xFF]))


def spoil_value(path: Path, number: int, seed: int = 1) -> None:
    """Flip one byte of a packed value, in its row."""
    with sqlite3.connect(path) as connection:
        [(data,)] = connection.execute("SELECT data FROM packed WHERE id = ?", (number,))
        spoilt = bytearray(data)
        spoilt[random.Random(seed).randrange(len(spoilt))] ^= 0x10
        connection.execute("UPDATE packed SET data = ? WHERE id = ?", (bytes(spoilt), number))
    connection.close()
