"""Every Redis name of the contract, built and parsed in one place. The grammar is locked; the prefix is not."""

import re
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from msgspec import Struct

from chain.errors import InvalidNameError
from chain.text import clean

LIVE_PREFIX = "massive"
_REPLAY_WORD = "replay"
COMPOSITOR = "mmaker"
STREAM = "stream"  # what a compositor leads, in place of an underlying
REPLAY_PREFIX = f"{LIVE_PREFIX}:{_REPLAY_WORD}"

# Seconds: 2000-01-01 and 2100-01-01 UTC. A timestamp outside is a unit error or a broken clock, never data.
EPOCH_MIN_S = 946_684_800
EPOCH_MAX_S = 4_102_444_800

_UNDERLYING = re.compile(r"[A-Z0-9.^-]{1,12}")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_TS_MS = re.compile(r"[1-9]\d{11,13}", re.ASCII)
_PREFIX = re.compile(r"[a-z0-9_]+(:[a-z0-9_]+)*")
_MAX_PREFIX = 60  # with it the longest key still fits the length at which parsing gives up
_MAX_KEY = 128  # bytes
_INDICES = frozenset({"SPX", "NDX", "VIX", "RUT", "XSP", "DJX", "XND", "OEX", "XEO", "MRUT"})


class ChainId(NamedTuple):
    """One option chain: an underlying and one expiration."""

    underlying: str
    expiry: date

    def __str__(self) -> str:
        return f"{self.underlying} {self.expiry.isoformat()}"


class SnapshotId(NamedTuple):
    """One immutable snapshot of a chain; `ts_ms` is epoch milliseconds."""

    chain: ChainId
    ts_ms: int


def parse_underlying(text: str) -> str:
    """Return the symbol as it stands in keys (`SPX`), also from the vendor's `I:SPX`; raise InvalidNameError."""
    symbol = text.removeprefix("I:")
    if not _UNDERLYING.fullmatch(symbol):
        raise InvalidNameError(
            f"underlying {clean(text, 24)!r} is not a symbol: 1-12 of A-Z 0-9 . ^ - (an index may carry I:)"
        )
    return symbol


def vendor_symbol(underlying: str) -> str:
    """Return the vendor's path name of an underlying: an index carries `I:`, known by name or by a prefix given."""
    return f"I:{underlying}" if underlying in _INDICES else underlying


def parse_expiry(text: str) -> date:
    """Return the date of a strict `YYYY-MM-DD`; raise InvalidNameError."""
    if _DATE.fullmatch(text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            pass
    raise InvalidNameError(f"expiration {clean(text, 24)!r} is not a date YYYY-MM-DD")


def heartbeat_key(service: str) -> str:
    """Return the heartbeat's key, which is also its channel."""
    return f"{service}:heartbeat"


def events_key(service: str) -> str:
    """Return the key of a service's events, which is also their channel."""
    return f"{service}:events"


def standby_service(service: str) -> str:
    """Return the service name of a standby publisher's heartbeat."""
    return f"{service}:standby"


def lease_key(prefix: str, underlying: str, service: str = "massive") -> str:
    """Return the key of the lease on an underlying under a prefix, per service.

    Live publishers share leases among themselves, and so do those of recorded and invented data.
    """
    scope = "" if service == "massive" else f"{service}:"
    return f"{prefix}:publisher:lease:{scope}{underlying}"


@lru_cache(maxsize=16_384)
def _head(prefix: str, kind: str, chain: ChainId) -> str:
    """Return what all keys of one kind and chain begin with; a poll needs hundreds of them each second."""
    return f"{prefix}:chain:{kind}:{chain.underlying}:{chain.expiry.isoformat()}"


class KeySchema(Struct, frozen=True):
    """The contract's keys under one prefix (`massive`, `massive:replay`)."""

    prefix: str = LIVE_PREFIX

    def __post_init__(self) -> None:
        if not _PREFIX.fullmatch(self.prefix) or len(self.prefix) > _MAX_PREFIX:
            raise InvalidNameError(
                f"key prefix {clean(self.prefix, 40)!r} is not lower-case words joined by ':', as in massive:replay, "
                f"{_MAX_PREFIX} characters at most"
            )

    @property
    def is_replay(self) -> bool:
        """Whether recordings are played under this prefix, stamps and all; nobody takes it for live."""
        return _REPLAY_WORD in self.prefix.split(":")

    def snapshot(self, snapshot: SnapshotId) -> str:
        """Return the payload key of a snapshot."""
        return f"{self.snapshot_head(snapshot.chain)}{snapshot.ts_ms}"

    def snapshot_head(self, chain: ChainId) -> str:
        """Return what every payload key of a chain begins with."""
        return f"{_head(self.prefix, 'snapshot', chain)}:"

    def latest(self, chain: ChainId) -> str:
        """Return the pointer key of a chain."""
        return _head(self.prefix, "latest", chain)

    def source(self, chain: ChainId, *, cluster: bool = False) -> str:
        """Return the key that says which kind of source the chain's snapshot comes from.

        On a cluster the hash tag puts it in the pointer's slot, so that both change atomically.
        """
        tail = f":{{{self.latest(chain)}}}" if cluster else ""
        return _head(self.prefix, "source", chain) + tail

    def live(self) -> str:
        """Return the key of the mark that a live publisher writes under this prefix."""
        return f"{self.prefix}:chain:live"

    def stream(self) -> str:
        """Return the stream of increments, whose newest id tells when it last grew."""
        return f"{self.prefix}:ws:stream"

    def stream_analytics(self) -> str:
        """Return the hash of the stream's writer: its counts, and `last_ts`, epoch seconds of its last frame."""
        return f"{self.prefix}:ws:analytics"

    def stream_subscriptions(self) -> str:
        """Return the set of the stream's subscriptions, such as `Q.O:SPXW260102C06930000`."""
        return f"{self.prefix}:ws:subscription_list"

    def chain_analytics(self) -> str:
        """Return the hash in which a publisher counts its snapshots."""
        return f"{self.prefix}:chain:analytics"

    @property
    def compositor(self) -> str:
        """The compositor's own prefix and service name: `mmaker`, `mmaker:replay`."""
        head, _, rest = self.prefix.partition(":")
        name = COMPOSITOR if head == LIVE_PREFIX else f"{head}:{COMPOSITOR}"
        return f"{name}:{rest}" if rest else name

    def compositor_lease(self) -> str:
        """Return the key of the lease by which compositors take turns."""
        return lease_key(self.prefix, STREAM, COMPOSITOR)

    def staging(self, chain: ChainId) -> str:
        """Return the hash of a chain's merged working state."""
        return f"{self.compositor}:chain:staging:{chain.underlying}:{chain.expiry.isoformat()}"

    def staging_flushes(self) -> str:
        """Return the channel on which every write to staging is announced."""
        return f"{self.compositor}:chain:flush"

    def heatmap(self, underlying: str) -> str:
        """Return the key of an underlying's heatmap model."""
        return f"{self.prefix}:model:heatmap:{underlying}"

    def heatmap_diffs(self, underlying: str) -> str:
        """Return the channel of what changes in that model."""
        return f"{self.heatmap(underlying)}:diff"

    def legacy_heatmap(self, underlying: str) -> str:
        """Return the key under which MarketSwarm's own readers look for an underlying's heatmap model."""
        return f"{self.prefix}:heatmap:model:{vendor_symbol(underlying)}:latest"

    def latest_pattern(self) -> str:
        """Return the glob of all pointers, for discovery; payload keys are never scanned."""
        return f"{self.prefix}:chain:latest:*"

    def parse_snapshot(self, key: bytes | str) -> SnapshotId:
        """Return what a payload key names; raise InvalidNameError unless it follows the grammar exactly."""
        rest = self._rest(key, f"{self.prefix}:chain:snapshot:", "payload key")
        head, _, stamp = rest.rpartition(":")
        if not _TS_MS.fullmatch(stamp) or not EPOCH_MIN_S * 1000 <= int(stamp) < EPOCH_MAX_S * 1000:
            raise InvalidNameError(f"payload key ends in {clean(stamp, 24)!r}, which is no epoch in milliseconds")
        return SnapshotId(_parse_chain(head), int(stamp))

    def parse_latest(self, key: bytes | str) -> ChainId:
        """Return the chain that a pointer key names; raise InvalidNameError."""
        return _parse_chain(self._rest(key, f"{self.prefix}:chain:latest:", "pointer key"))

    @staticmethod
    def _rest(key: bytes | str, head: str, what: str) -> str:
        text = key.decode("utf-8", "replace") if isinstance(key, bytes) else key
        if len(key) > _MAX_KEY:
            raise InvalidNameError(f"{what} {clean(text, 60)!r} is longer than {_MAX_KEY} bytes")
        if not text.startswith(head):
            raise InvalidNameError(f"{what} {clean(text, 60)!r} does not begin with {head}")
        return text[len(head) :]


def _parse_chain(text: str) -> ChainId:
    underlying, _, expiry = text.rpartition(":")
    if not _UNDERLYING.fullmatch(underlying):
        raise InvalidNameError(f"underlying {clean(underlying, 24)!r} in a key is not 1-12 of A-Z 0-9 . ^ -")
    return ChainId(underlying, parse_expiry(expiry))
