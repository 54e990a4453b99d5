"""Run the fake in the foreground: `python -m tests.fake_massive --capture FILE`, until Ctrl-C."""

import argparse
import signal
import threading
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from . import faults
from .capture import NEW_YORK, parse_record, read_capture
from .chains import Chain, ChainBook, IndexQuote
from .faults import Fault
from .generator import generate_count
from .server import FakeMassive
from .views import PLANS


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
    with FakeMassive(book, key=settings.key, plan=settings.plan, port=settings.port) as fake:
        if settings.latency_ms:
            fake.inject(Fault(faults.latency(settings.latency_ms / 1000)))
        print(f"{fake.url}  MASSIVE_BASE_URL={fake.url} MASSIVE_API_KEY={settings.key}", flush=True)
        record = settings.record
        while not over.wait(settings.every or None):
            record += 1
            fake.book = fake.book.with_chains(*load(captures, record, settings.fresh))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
