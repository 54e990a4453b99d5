"""Run the fake in the foreground: `python -m tests.fake_massive --capture FILE`, until Ctrl-C."""

import argparse
import random
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from . import faults
from .capture import NEW_YORK, parse_record, read_capture
from .chains import Chain, ChainBook, IndexQuote
from .faults import Fault
from .generator import generate_count
from .server import FakeMassive
from .stream import FakeStream, Rules, quote, trade
from .views import PLANS

_EVERY_S, _AT_ONCE = 0.1, 20  # of the stream: how often, and how many events


def parse_arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the settings of a run; leaves with a usage line where they cannot work."""
    parser = argparse.ArgumentParser(prog="python -m tests.fake_massive", description=__doc__)
    add = parser.add_argument
    add("--capture", type=Path, action="append", default=[], help="recorded chains (JSON lines, gzip)")
    add("--generate", type=_order, action="append", default=[], metavar="SYMBOL:COUNT", help="as in SPX:30000")
    add("--record", type=int, default=0, help="which record of each file, from 0")
    add("--every", type=float, default=0.0, help="seconds per record, then the next; 0 stays")
    add("--fresh", action="store_true", help="stamp records as of now, not as of their time of day")
    add("--key", default="demo", help="the API key that is accepted")
    add("--port", type=int, default=0)
    add("--stream-port", type=int, help="also serve the stream there, with quotes and trades of what is subscribed to")
    add("--plan", choices=PLANS, default="advanced")
    add("--latency-ms", type=float, default=0.0, help="before every answer")
    add("--vix", type=float, default=16.8, help="level of I:VIX, points")
    settings = parser.parse_args(argv)
    if not settings.capture and not settings.generate:
        parser.error("nothing to serve: give --capture or --generate")
    if missing := [str(path) for path in settings.capture if not path.is_file()]:
        parser.error(f"no such file: {', '.join(missing)}")
    return settings


def _order(text: str) -> tuple[str, int]:
    symbol, _, count = text.partition(":")
    return symbol, int(count)


def load(captures: Sequence[list[bytes]], record: int, fresh: bool) -> list[Chain]:
    """Return each file's record of that number, counted round and round, moved to today."""
    now = time.time()
    today = datetime.fromtimestamp(now, NEW_YORK).date()
    records = [parse_record(lines[record % len(lines)]) for lines in captures]
    return [(each.moved_to(now) if fresh else each.moved_to_day(today)).chain() for each in records]


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until told to end."""
    settings = parse_arguments(argv)
    over = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: over.set())
    captures = [read_capture(path) for path in settings.capture]
    vix = IndexQuote(settings.vix, settings.vix, time.time_ns(), "CBOE Volatility Index")
    chains = [generate_count(symbol, count, time.time()) for symbol, count in settings.generate]
    chains += load(captures, settings.record, settings.fresh)
    book = ChainBook.of(*chains, indices={"I:VIX": vix})
    with (
        FakeMassive(book, key=settings.key, plan=settings.plan, port=settings.port) as fake,
        streaming(settings.stream_port, settings.key, chains, over) as url,
    ):
        if settings.latency_ms:
            fake.inject(Fault(faults.latency(settings.latency_ms / 1000)))
        beside = f" MASSIVE_WS_URL={url}" if url else ""
        print(f"{fake.url}  MASSIVE_BASE_URL={fake.url}{beside} MASSIVE_API_KEY={settings.key}", flush=True)
        record = settings.record
        while not over.wait(settings.every or None):
            record += 1
            fake.book = fake.book.with_chains(*load(captures, record, settings.fresh))
    return 0


@contextmanager
def streaming(port: int | None, key: str, chains: Sequence[Chain], over: threading.Event) -> Iterator[str]:
    """Serve the stream of some chains meanwhile, and give its URL; empty without a port."""
    if port is None:
        yield ""
        return
    with FakeStream(Rules(key=key), port=port) as stream:
        talking = threading.Thread(target=_talk, args=(stream, chains, over))
        talking.start()
        try:
            yield stream.url
        finally:
            over.set()
            talking.join()


def _talk(stream: FakeStream, chains: Sequence[Chain], over: threading.Event) -> None:
    """Send quotes and trades a cent or two around the recorded ones, of contracts drawn from those subscribed to."""
    chance, items = random.Random(), {item["details"]["ticker"]: item for chain in chains for item in chain.items}
    seq = 0
    while not over.wait(_EVERY_S):
        held = sorted(stream.held)
        for topic in chance.sample(held, min(_AT_ONCE, len(held))):
            seq += 1
            name, ts_ms = topic[2:], round(time.time() * 1000)
            last = items.get(name, {}).get("last_quote") or {"bid": 1.0, "ask": 1.1}
            off = chance.randint(-2, 2) / 100
            bid = round(max(0.0, last["bid"] + off), 2)
            ask = round(max(bid + 0.01, last["ask"] + off), 2)
            event = quote(name, bid, ask, ts_ms=ts_ms, seq=seq)
            stream.push(event if topic.startswith("Q.") else trade(name, ask, ts_ms=ts_ms, seq=seq))


if __name__ == "__main__":
    raise SystemExit(main())
