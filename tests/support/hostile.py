"""A publisher of ill will: what a terminal must never receive, in every string field that a reader takes in."""

import time
from collections.abc import Iterator
from typing import Any

import orjson
from redis.asyncio import Redis

from chain.model.keys import ChainId, KeySchema, SnapshotId
from tests.support.builders import AS_OF, contracts, expiries, golden_body

# Sequences that the deck has no use for, so that each is found wherever it comes through.
CANARIES = (
    "\x1b[9;35;46mCANARY",
    "\x1b]52;c;Q0FOQVJZ\x07",
    "\x1b]0;CANARY\x1b\\",
    "\x1bPCANARY\x1b\\",
    "\x9b9;35;46mCANARY",
    "\x9d52;c;Q0FOQVJZ\x9c",
    "\x07\x08\x0b\x7f",
    "\u202eCANARY\u2066\u200b\ufeff",
    "\rCANARY\nCANARY",
)
# A style, an action and the end of nothing, short enough to be told whole.
MARKUP = ("[red]x[/] [@click=app.quit]y[/]", "[/n]")
NASTY = " ".join(MARKUP) + " ".join(CANARIES)
CHAINS = tuple(ChainId("SPX", expiry) for expiry in expiries(6))
_TTL_MS = 60_000


def _heartbeat(text: str, ts: float) -> bytes:
    """Return a heartbeat of `CHAINS` with `text` wherever a string may stand."""
    return orjson.dumps(
        {
            "service": f"s {text}",
            "ts": ts,
            "pid": 1,
            "status": text,
            "source": {
                "kind": f"mock {text}",
                "detail": text,
                "record": text,
                "as_of": AS_OF,
                "market": text,
                text: text,
            },
            "chain": {
                "prefix": "massive",
                "interval_s": 10.0,
                "ttl_s": 60.0,
                "depth": 6,
                "expected": {"SPX": [chain.expiry.isoformat() for chain in CHAINS]},
                "trouble": {str(chain): text for chain in CHAINS[:2]},
                "cycle_ms": 1.0,
                "counters": {text: 7},
            },
            text: text,
        }
    )


def _items(chain: ChainId, text: str) -> list[dict[str, Any]]:
    """Return contracts in their places, each with `text` in its strings, and three that it makes unusable."""
    items = contracts(chain)
    for item in items:
        item[text] = {text: text}
        item["details"] |= {"ticker": text, "exercise_style": text, text: text}
    odd = contracts(chain, [6930, 6940])[:3]
    odd[0]["details"]["contract_type"] = text
    odd[1]["details"]["expiration_date"] = text
    odd[2]["underlying_asset"]["ticker"] = text
    return [*odd, *items]


def _bodies(text: str, ts: float, *, sound: bool) -> Iterator[bytes]:
    """Yield a payload for each of `CHAINS`; unless sound, some say `text` where it breaks the contract."""
    spoiled: tuple[dict[str, str] | None, ...] = ({}, {}, {"underlying": text}, {"expiration": text}, None, {})
    for chain, changes in zip(CHAINS, [{}] * len(CHAINS) if sound else spoiled, strict=True):
        whole = golden_body() | {"ts": ts, "expiration": chain.expiry.isoformat(), "contracts": _items(chain, text)}
        yield text.encode() if changes is None else orjson.dumps(whole | {text: text} | changes)


async def publish(redis: Redis, text: str, *, sound: bool) -> None:
    """Write heartbeat, payloads and pointers with `text` in them, as of now; unsound, the last pointer is `text`."""
    keys, ts_ms = KeySchema(), time.time_ns() // 1_000_000
    pipe = redis.pipeline(transaction=False)
    for chain, body in zip(CHAINS, _bodies(text, ts_ms / 1000, sound=sound), strict=True):
        key = keys.snapshot(SnapshotId(chain, ts_ms))
        pipe.set(key, body, px=_TTL_MS)
        pipe.set(keys.latest(chain), text if chain is CHAINS[-1] and not sound else key, px=_TTL_MS)
    pipe.set(f"massive:chain:latest:{text}:2026-01-02", "x", px=_TTL_MS)
    pipe.set("mock_massive:heartbeat", _heartbeat(text, ts_ms / 1000), ex=60)
    pipe.hset("massive:ws:analytics", "last_ts", text)
    await pipe.execute()
