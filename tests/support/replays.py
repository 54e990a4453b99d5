"""Tapes to replay: recordings of two chains whose pointers lead to what is on the tape."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from chain.model.keys import LIVE_PREFIX, ChainId, KeySchema, SnapshotId
from chain.monitor.heartbeat import Heartbeat
from tape.store.facts import Fact, FactKind, Moment, MomentKind
from tape.store.words import PayloadWords, put
from tape.store.writer import TapeWriter
from tests.support.scenes import NDX, SPX, START_S, heartbeat
from tests.support.tapes import instant, moment, payload

LIVE = KeySchema(LIVE_PREFIX)
CHAINS = (SPX, NDX)

Change = Callable[[list[Fact]], list[Fact]]


def id_at(seconds: float, chain: ChainId = SPX) -> SnapshotId:
    """Return what names a chain's snapshot of so many seconds after the beginning."""
    return SnapshotId(chain, instant(seconds).wall_ms)


def key_at(seconds: float, chain: ChainId = SPX) -> bytes:
    """Return its payload's key as it was recorded."""
    return LIVE.snapshot(id_at(seconds, chain)).encode()


def pointer(chain: ChainId, value: bytes | None) -> Fact:
    """Return the fact of a pointer."""
    return Fact(FactKind.POINTER, str(chain), None, value)


def fetched(seconds: float, chain: ChainId, body: bytes | None = None) -> Fact:
    """Return the fact of a payload as it was read; `body` in place of what was published."""
    words = put(PayloadWords(key_at(seconds, chain).decode(), 60_000))
    return Fact(FactKind.PAYLOAD, str(chain), words, payload(seconds, chain) if body is None else body)


def beaten(beat: Heartbeat | None, service: str = "massive") -> Fact:
    """Return the fact of a heartbeat."""
    return Fact(FactKind.HEARTBEAT, f"{service}:heartbeat", None, None if beat is None else beat.encode())


def run(seconds: float) -> Moment:
    """Return the moment at which a recorder begins."""
    return moment(seconds, kind=MomentKind.RUN, begins=False)


def looks(
    seconds: int, every: int = 10, *, begin: int = 0, changed: Mapping[int, list[Fact]] | None = None
) -> Iterator[Moment]:
    """Yield a recorder's moments: a look a second, a snapshot of each chain every so many seconds, a live heartbeat.

    `changed`: facts in place of those of single looks.
    """
    yield run(begin)
    for at in range(begin, begin + seconds):
        facts: list[Fact] = []
        then: list[Fact] = []
        if at == begin:
            facts.append(beaten(heartbeat(*CHAINS, service="massive", kind="massive", ts=float(START_S + at), depth=1)))
        if changed is not None and at in changed:
            facts += [fact for fact in changed[at] if fact.kind != FactKind.PAYLOAD]
            then += [fact for fact in changed[at] if fact.kind == FactKind.PAYLOAD]
        elif at % every == 0:
            facts += [pointer(chain, key_at(at, chain)) for chain in CHAINS]
            then += [fetched(at, chain) for chain in CHAINS]
        yield moment(at, *facts)
        if then:
            yield moment(at + 0.01, *then, kind=MomentKind.FETCH, begins=False)


def tape_of(path: Path, *recordings: Iterator[Moment], prefix: str = LIVE_PREFIX) -> Path:
    """Write recordings as one tape."""
    with TapeWriter(path, {"prefix": prefix}) as tape:
        for recording in recordings:
            for one in recording:
                tape.add(one)
    return path
