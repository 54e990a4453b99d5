"""Every reader of outside values, one variant at a time: a result or its one error, quickly, and nothing kept."""

import gc
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from msgspec.structs import replace

from chain.audit.payload import audit_payload
from chain.errors import ChaindeckError, DecodeError, InvalidSnapshotError
from chain.model.grid import build_grid
from chain.model.keys import KeySchema
from chain.model.snapshot import decode, encode
from chain.model.summary import summarise
from chain.monitor.heartbeat import parse_heartbeat
from chain.pipeline.events import decode_frame
from chain.pipeline.staging import CONTRACT_FORM, META_FORM
from chain.redis.contract.stream.signs import signs
from chaindeck.config.file import resolve
from mmaker.merge.market import StagedMarket
from publisher.capture import CaptureSource
from publisher.massive.api import reply
from publisher.massive.rows import newest_spot
from tests.hostile.variants import Variant, variants
from tests.support.builders import GOLDEN_ID, SPX, TS_MS, capture_line, contracts, golden_body, golden_snapshot
from tests.support.scenes import NDX, heartbeat

pytestmark = pytest.mark.slow

PAGE = "/v3/snapshot/options/I:SPX"
GROWTH_BYTES = 64 << 20
SLOWEST_S = 1.0


def read_payload(variant: Variant) -> None:
    for finding in audit_payload(variant.raw, GOLDEN_ID, TS_MS)[0]:
        assert len(finding.fault) < 400, finding
    try:
        found = decode(variant.raw, GOLDEN_ID)
    except InvalidSnapshotError as error:
        shown(error)
        return
    assert variant.parses
    grid = build_grid(found)
    assert len(grid.legs) + len(grid.rejected) == len(found.contracts)
    for rejected in grid.rejected:
        assert rejected.reason.isprintable() and len(rejected.reason) < 120
    assert summarise(found).usable == len(grid.legs)


def read_heartbeat(variant: Variant) -> None:
    try:
        found = parse_heartbeat(variant.raw, "mock_massive")
    except DecodeError as error:
        shown(error)
        return
    assert variant.parses
    assert found is None or parse_heartbeat(found.encode(), "mock_massive") == replace(found, left_out=())


def read_pointer(variant: Variant) -> None:
    for parse in (KeySchema().parse_snapshot, KeySchema().parse_latest):
        with pytest.raises(ChaindeckError) as error:
            parse(variant.raw)
        shown(error.value)


def read_mark(variant: Variant) -> None:
    found = signs([[variant.raw] * 4, [variant.raw] * 4])
    assert found.frame is None and found.entry is None


def read_frame(variant: Variant) -> None:
    """What a frame makes of a chain can be staged, whatever it holds."""
    market = StagedMarket()
    state = market.apply_snapshot(decode(encode(golden_snapshot()), GOLDEN_ID))
    market.apply_frame(variant.raw, TS_MS)
    for staged in state.take_changes().contracts.values():
        assert CONTRACT_FORM.decode(staged.encode()) == staged
    try:
        decode_frame(variant.raw)
    except DecodeError as error:
        shown(error)


def read_staged(variant: Variant) -> None:
    for form in (CONTRACT_FORM, META_FORM):
        try:
            form.decode(variant.raw)
        except DecodeError as error:
            shown(error)
            continue
        assert variant.parses


def read_reply(variant: Variant) -> None:
    try:
        body = reply.decode(httpx.Response(200), variant.raw, now_s=0.0, secret="s")
        page = reply.read_page(body, PAGE)
    except ChaindeckError as error:
        shown(error)
        return
    assert variant.parses
    newest_spot(page.rows)
    orjson.dumps(page.rows)  # what was taken can be published


def read_capture(variant: Variant, folder: Path) -> None:
    path = folder / "[x].jsonl"
    path.write_bytes(variant.raw.replace(b"\n", b" ") + b"\n" + capture_line())
    try:
        CaptureSource([path])._record("SPX")
    except ChaindeckError as error:
        shown(error)


def read_config(variant: Variant, folder: Path) -> None:
    path = folder / "config.toml"
    path.write_bytes(b"interval = " + variant.raw + b"\n")
    try:
        resolve({}, path, {}).settings.thresholds.interval_s  # noqa: B018 -- to be judged
    except ChaindeckError as error:
        shown(error)


def shown(error: Exception) -> None:
    """Fail unless an error is one bounded line of what can be seen."""
    text = str(error)
    assert text.isprintable(), text
    assert 0 < len(text) < 400, text


_TICKER = "O:SPXW260102C06930000"
FRAME = [
    {"ev": "Q", "sym": _TICKER, "bx": 302, "ax": 302, "bp": 7.6, "ap": 7.9, "bs": 5, "as": 6, "t": TS_MS, "q": 9},
    {"ev": "T", "sym": _TICKER, "x": 302, "p": 7.7, "s": 1, "c": [236], "t": TS_MS, "q": 10},
]
STAGED = {"side": "call", "strike": 6930.0, "root": "SPXW", "bid": {"value": 7.6, "ts_ms": TS_MS, "origin": "stream"}}

READERS: dict[str, tuple[Callable[..., None], Any]] = {
    "payload": (read_payload, golden_body() | {"contracts": contracts()[:4]}),
    "heartbeat": (read_heartbeat, orjson.loads(heartbeat(SPX, NDX, failures={SPX: "late"}).encode())),
    "pointer": (read_pointer, {"massive": "massive:chain:snapshot:SPX:2026-01-02:1766762051149"}),
    "mark": (read_mark, {"last_ts": 1766762051.5}),
    "reply": (
        read_reply,
        {"status": "OK", "results": contracts()[:4], "next_url": f"https://api.massive.com{PAGE}?cursor=x"},
    ),
    "frame": (read_frame, FRAME),
    "staged": (read_staged, STAGED),
    "capture": (read_capture, orjson.loads(capture_line(strikes=(6930, 6940)))),
    "config": (read_config, {"a": [1, "x", {"b": 2.5}]}),
}


def resident() -> int:
    """Return the bytes of memory that this process holds, from Linux's /proc."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def run(kind: str, count: int, folder: Path) -> None:
    read, sound = READERS[kind]
    places: tuple[Path, ...] = (folder,) if kind in ("capture", "config") else ()
    for variant in variants(sound, 20, seed=2):  # what the reader itself needs is there before it is measured
        read(variant, *places)
    before = resident()
    for variant in each_timed(variants(sound, count)):
        read(variant, *places)
    assert resident() - before < GROWTH_BYTES


def each_timed(found: Iterator[Variant]) -> Iterator[Variant]:
    """Yield each; fail with its name where it took too long, in time of our own thread: a busy machine is no fault."""
    for variant in found:
        began = time.thread_time()
        yield variant
        assert time.thread_time() - began < SLOWEST_S, variant.name


@pytest.mark.parametrize("kind", READERS)
def test_a_reader_takes_a_variant_or_says_why_not(kind: str, tmp_path: Path) -> None:
    run(kind, 120, tmp_path)


@pytest.mark.hostile
@pytest.mark.parametrize("kind", READERS)
def test_a_reader_takes_two_thousand_variants(kind: str, tmp_path: Path) -> None:
    run(kind, 2_000, tmp_path)
