"""What the deck costs while nothing but time passes, beside a Textual app of one word idling in the same seconds."""

import time
from contextlib import ExitStack

from benchmarks.chains import CAPTURE
from benchmarks.first_grid import DECK, HELLO, HELLO_WORDS, STRIKE_ROW
from benchmarks.rows import Row, below
from benchmarks.terminal import child_named, drain_all, running, usage

_WARM_UP_S = 6.0
_SECONDS = 20.0
_AIM_PERCENT, _AIM_MB = 1.5, 65.0
_PIPELINE_PERCENT, _PIPELINE_MB = 7.5, 140.0  # with stream, compositor and heatmap models in the same process
_SERVERS = ("valkey-server", "redis-server")


def run() -> list[Row]:
    """Return the share of one core, bytes a second and memory: of the mock deck, then of one playing a capture.

    Of snapshots alone, and of the mock with its whole pipeline, whose stream runs in trading hours only.
    """
    alone = [*DECK, "--no-stream"]
    return [
        *_measure("idle mock", alone),
        *_measure("idle capture", [*alone, "--capture", str(CAPTURE)]),
        *_measure("idle pipeline", DECK, _PIPELINE_PERCENT, _PIPELINE_MB),
    ]


def _measure(name: str, command: list[str], percent: float = _AIM_PERCENT, megabytes: float = _AIM_MB) -> list[Row]:
    with ExitStack() as stack:
        deck = stack.enter_context(running(command, columns=120, rows=40))
        hello = stack.enter_context(running(HELLO, columns=120, rows=40))
        deck.drain_until(STRIKE_ROW)
        hello.drain_until(HELLO_WORDS)
        server = _server(deck.pid)
        drain_all([deck, hello], _WARM_UP_S)
        pids = {"deck": deck.pid, "server": server, "hello": hello.pid}
        before, since = {who: usage(pid) for who, pid in pids.items()}, time.monotonic()
        drain_all([deck, hello], _SECONDS)
        after, until = {who: usage(pid) for who, pid in pids.items()}, time.monotonic()
        share = {who: (after[who].cpu_s - before[who].cpu_s) / (until - since) * 100 for who in pids}
        sent = {t: t.received(since, until) / (until - since) for t in (deck, hello)}
        memory = {who: used.resident / 1e6 for who, used in after.items()}
    note = f"over {_SECONDS:g} s at one tick a second, 120x40; the baseline is a Textual app of one word"
    return [
        below(percent, f"{name} cpu", "%", share["deck"], share["hello"], note),
        Row(f"{name} redis cpu", "%", share["server"]),
        Row(f"{name} output", "bytes/s", sent[deck], sent[hello]),
        below(
            megabytes,
            f"{name} memory",
            "MB",
            memory["deck"],
            memory["hello"],
            f"Redis beside it {memory['server']:.0f} MB",
        ),
    ]


def _server(pid: int) -> int:
    """Return the embedded server that a deck started."""
    for name in _SERVERS:
        try:
            return child_named(pid, name)
        except LookupError:
            continue
    raise LookupError(f"deck {pid} runs no {' or '.join(_SERVERS)}")
