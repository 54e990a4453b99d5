"""The stream beside the snapshots: active or quiet, over fresh or stale ones, while the market is open or closed."""

from itertools import product

import msgspec
import pytest

from chain.clock import Instant
from chain.monitor.evaluate.report import HealthReport
from chain.monitor.evaluate.serialize import health_block
from chain.monitor.evaluate.signals import evaluate
from chain.monitor.heartbeat import SourceInfo
from chain.monitor.states import DeckState, StreamState
from chain.redis.connect.connection import RedisTarget
from chain.thresholds import STREAM_ACTIVE_S, STREAM_KNOWN_S
from chaindeck.commands.check import exit_code, line
from chaindeck.commands.status import as_text
from tests.support.published import status_json
from tests.support.scenes import NDX, SPX, START_NS, board, heartbeat, record
from tui.lines.line import plain
from tui.lines.signals import signal_lines

NOW = Instant(START_NS, 5_000.0)
QUIET_S = 34.0


def seen(*, active: bool, fresh: bool, is_open: bool) -> HealthReport:
    source = SourceInfo("massive", market="open" if is_open else "closed")
    records = [record(chain, NOW, age_ms=1_000 if fresh else 48_000, source=source) for chain in (SPX, NDX)]
    frame = NOW.wall_s - (0.4 if active else QUIET_S)
    beats = [heartbeat(SPX, NDX, service="massive", kind="massive")]
    return evaluate(board(records, NOW, beats=beats, last_frame=frame), NOW)


def voices(report: HealthReport) -> dict[str, str]:
    return {
        "deck": "\n".join(plain(each) for each in signal_lines(report, 120)),
        "check": line(report),
        "status": as_text(report, RedisTarget("redis://h:1")),
        "status --json": str(status_json(report)),
        "heartbeat": str(msgspec.to_builtins(health_block(report))),
    }


@pytest.mark.parametrize(("active", "fresh", "is_open"), [*product((True, False), repeat=3)])
def test_the_eight_cases(active: bool, fresh: bool, is_open: bool) -> None:
    report = seen(active=active, fresh=fresh, is_open=is_open)
    degraded = active and not fresh
    names = [signal.name for signal in report.signals]
    assert ("stream-over-stale" in names) is degraded
    assert ("stream-quiet" in names) is (not active)
    wanted = StreamState.ACTIVE if active else StreamState.QUIET if is_open else StreamState.CLOSED
    assert report.stream is wanted
    for voice, said in voices(report).items():
        assert ("stream active while" in said) is degraded, voice
        assert ("stream quiet for 34 s" in said) is (not active), voice
        assert ("market closed, stream quiet" in said) is (not active and not is_open), voice
    if fresh:  # whatever the stream does, fresh snapshots are nothing to worry about
        assert (report.state, exit_code(report)) == (DeckState.OK, 0)
    else:  # and the ages of stale ones are real, at any hour
        assert report.state is not DeckState.OK and exit_code(report) == 2
        assert [status.age_s for status in report.statuses] == [48.0, 48.0]


@pytest.mark.parametrize(
    ("age_s", "state"),
    [
        (STREAM_ACTIVE_S, StreamState.ACTIVE),
        (STREAM_ACTIVE_S + 0.001, StreamState.QUIET),
        (STREAM_KNOWN_S, StreamState.QUIET),
        (STREAM_KNOWN_S + 0.001, StreamState.NONE),
        (None, StreamState.NONE),
    ],
)
def test_a_stream_is_active_quiet_or_none_by_its_last_sign_of_life(age_s: float | None, state: StreamState) -> None:
    frame = None if age_s is None else NOW.wall_s - age_s
    assert evaluate(board([record(SPX, NOW)], NOW, last_frame=frame), NOW).stream is state


def test_one_chain_that_still_trades_keeps_the_stream_from_being_closed() -> None:
    closed, trading = SourceInfo("massive", market="closed"), SourceInfo("massive", market="open")
    records = [record(SPX, NOW, source=closed), record(NDX, NOW, source=trading)]
    assert evaluate(board(records, NOW, last_frame=NOW.wall_s - QUIET_S), NOW).stream is StreamState.QUIET
