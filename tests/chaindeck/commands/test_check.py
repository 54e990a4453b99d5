"""The check: one line by the plugin guidelines, an exit code that means what it says, and limits that can be set."""

import asyncio
import logging
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from redis.asyncio import Redis

from chain.clock import Instant, SystemClock
from chain.model.keys import ChainId, KeySchema
from chain.model.session import new_york
from chain.monitor.evaluate.signals import HealthReport, evaluate
from chain.monitor.heartbeat import beat
from chain.monitor.states import DeckState, State
from chain.redis.contract.publish.writer import snapshot_writer
from chain.thresholds import Thresholds
from chaindeck import start
from chaindeck.commands import check
from chaindeck.commands.check import exit_code, limited, line
from tests.support.builders import expiries
from tests.support.contexts import context_of
from tests.support.plugin_line import Datum, Limits, PluginLine, read_line
from tests.support.product import command, environment, run
from tests.support.scenes import (
    NDX,
    SPX,
    SPX_MON,
    START_NS,
    START_S,
    board,
    changed,
    heartbeat,
    in_state,
    record,
    report,
    snapshot,
    surface,
)

NOW = Instant(START_NS, 5_000.0)
pytestmark = pytest.mark.filterwarnings("ignore:Cyclopts application invoked without tokens")


@pytest.fixture(autouse=True)
def logging_restored() -> Iterator[None]:
    """The check sends log lines nowhere; give them back to whoever had them."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = before


@pytest.fixture
def closed() -> str:
    """URL of a port on which nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return f"redis://127.0.0.1:{held.getsockname()[1]}"


def main(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *arguments: str) -> tuple[int, str]:
    """Return exit code and standard output of `chaindeck check`, run in this process with nothing set around it."""
    for name in ("REDIS_URL", "MARKET_REDIS_URL", "CHAINDECK_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "argv", ["chaindeck", "check", *arguments])
    with pytest.raises(SystemExit) as ended:
        start.main()
    assert isinstance(ended.value.code, int)
    return ended.value.code, capsys.readouterr().out


# The line


def test_the_golden_line() -> None:
    evaluated = report(
        [record(SPX, NOW, age_ms=4_125), in_state(SPX_MON, State.MISSING, NOW), in_state(NDX, State.AGING, NOW)],
        NOW,
        last_frame=START_S - 1.5,
    )
    assert line(evaluated) == (
        "CHAIN PARTIAL DEGRADATION - SPX depth 1 of 2: SPX 01-05 MISSING; NDX 01-02 AGING, 25 s old; source mock | "
        "'SPX 2026-01-02 age'=4.125s;22;;0 'SPX 2026-01-05 age'=3.000s;22;;0 'NDX 2026-01-02 age'=25.000s;22;;0 "
        "'youngest'=4.125s;;35;0 'SPX depth'=1;2:;;0;2 'NDX depth'=1;1:;;0;1 'stream age'=1.500s 'redis ping'=0.4ms"
    )
    assert read_line(line(evaluated)) == PluginLine(
        "PARTIAL DEGRADATION",
        "SPX depth 1 of 2: SPX 01-05 MISSING; NDX 01-02 AGING, 25 s old; source mock",
        {
            "SPX 2026-01-02 age": Datum(4.125, "s", Limits(0, 22), None, 0),
            "SPX 2026-01-05 age": Datum(3.0, "s", Limits(0, 22), None, 0),
            "NDX 2026-01-02 age": Datum(25.0, "s", Limits(0, 22), None, 0),
            "youngest": Datum(4.125, "s", None, Limits(0, 35), 0),
            "SPX depth": Datum(1, "", Limits(2, float("inf")), None, 0, 2),
            "NDX depth": Datum(1, "", Limits(1, float("inf")), None, 0, 1),
            "stream age": Datum(1.5, "s"),
            "redis ping": Datum(0.4, "ms"),
        },
    )


def test_all_quiet_says_how_many() -> None:
    assert line(report([record(SPX, NOW), record(NDX, NOW)], NOW)).startswith("CHAIN OK - 2 chains fresh, mock | ")


def test_an_unreachable_redis_has_a_verdict_and_no_data() -> None:
    evaluated = report([], NOW, beats=[], reached=False)
    lost = changed(evaluated.board, health=replace(evaluated.board.redis.health, ping_ms=None))
    assert line(evaluate(lost, NOW)) == "CHAIN CRITICAL - Redis unreachable: connection refused"


@pytest.mark.parametrize(
    ("state", "code", "records", "parts"),
    [
        (DeckState.OK, 0, [(SPX, State.FRESH)], {}),
        (DeckState.WARNING, 1, [(SPX, State.FRESH), (NDX, State.STALE)], {}),
        (DeckState.PARTIAL_DEGRADATION, 1, [(SPX, State.FRESH), (SPX_MON, State.DANGLING)], {}),
        (DeckState.DEGRADED, 2, [(SPX, State.FRESH), (NDX, State.STALE)], {"last_frame": START_S}),
        (DeckState.CRITICAL, 2, [(SPX, State.STALE), (NDX, State.MISSING)], {}),
        (DeckState.CRITICAL, 2, [(SPX, State.FRESH)], {"reached": False}),
        (DeckState.CRITICAL, 2, [], {"beats": []}),
        (DeckState.CRITICAL, 2, [], {"beats": [heartbeat(SPX)]}),
    ],
)
def test_each_state_of_the_deck_has_its_exit_code(
    state: DeckState, code: int, records: list[tuple[ChainId, State]], parts: dict[str, Any]
) -> None:
    evaluated = report([in_state(chain, wanted, NOW) for chain, wanted in records], NOW, **parts)
    assert (read_line(line(evaluated)).state, exit_code(evaluated)) == (state, code)


def test_text_from_outside_can_neither_end_the_line_nor_begin_data() -> None:
    hostile = "503 | 'x'=1;2;3\nCHAIN OK - fine\x1b[0m\u2028"
    evaluated = report([replace(record(SPX, NOW), last_error=hostile)], NOW)
    said = read_line(line(evaluated))
    assert (said.state, set(said.data)) == ("WARNING", {"SPX 2026-01-02 age", "youngest", "SPX depth", "redis ping"})


def test_limits_of_days_are_plain_digits() -> None:
    slow = Thresholds(20_000.125, 80_000.0)
    said = read_line(line(report([record(SPX, NOW, thresholds=slow, ttl_ms=80_000_000)], NOW))).data
    assert said["SPX 2026-01-02 age"].warn == Limits(0, 40_002.25)
    assert said["youngest"].crit == Limits(0, 60_005.375)


def test_fifty_chains_fit_what_a_monitoring_system_reads() -> None:
    chains = [ChainId("SPX", SPX.expiry.replace(day=day, month=month)) for month in (1, 2) for day in range(2, 27)]
    read_line(line(report([replace(record(chain, NOW), last_error=f"vendor: {chain}" * 9) for chain in chains], NOW)))


# An operator's limits


@pytest.mark.parametrize(
    ("limits", "age_ms", "state", "code"),
    [
        ({"warn_s": 3.0}, 3_000, DeckState.OK, 0),
        ({"warn_s": 3.0}, 3_001, DeckState.WARNING, 1),
        ({"warn_s": 30.0}, 25_000, DeckState.OK, 0),
        ({"warn_s": 3.0, "stale_s": 5.0}, 5_000, DeckState.WARNING, 1),
        ({"warn_s": 3.0, "stale_s": 5.0}, 5_001, DeckState.CRITICAL, 2),
        ({"stale_s": 50.0}, 40_000, DeckState.WARNING, 1),
        ({"depth": 1}, 0, DeckState.OK, 0),
        ({"depth": 2}, 0, DeckState.PARTIAL_DEGRADATION, 1),
    ],
)
def test_an_operators_limits_come_before_the_publishers(
    limits: dict[str, Any], age_ms: int, state: DeckState, code: int
) -> None:
    given = {"warn_s": None, "stale_s": None, "depth": None} | limits
    evaluated = evaluate(limited(board([record(SPX, NOW, age_ms=age_ms)], NOW), **given), NOW)
    assert (evaluated.state, exit_code(evaluated)) == (state, code)
    said = read_line(line(evaluated)).data
    age, depth = said["SPX 2026-01-02 age"], said["SPX depth"]
    assert (age.warn, said["youngest"].crit) == (Limits(0, given["warn_s"] or 22), Limits(0, given["stale_s"] or 35))
    assert (depth.warn, depth.high) == (Limits(given["depth"] or 1, float("inf")), given["depth"] or 1)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--nope"], "--nope"),
        (["--warn-age", "soon"], "--warn-age"),
        (["--warn-age", "0"], "--warn-age 0 must be a number of seconds above 0"),
        (["--stale-age", "-3"], "--stale-age -3 must be a number of seconds above 0"),
        (["--stale-age", "inf"], "--stale-age inf must be"),
        (["--watch", "nan"], "--watch nan must be"),
        (["--watch", "0"], "--watch 0 must be"),
        (["--depth", "0"], "--depth 0 must be 1 or more"),
        (["--warn-age", "50", "--stale-age", "40"], "--warn-age 50 must be below --stale-age 40"),
        (["http://desk"], "scheme must be one of"),
        (["redis://"], "names no host"),
        (["--config", "/no/such.toml"], "/no/such.toml of --config: no such file"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_mistake_is_unknown(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    runtime: Path,
    arguments: list[str],
    words: str,
) -> None:
    code, said = main(capsys, monkeypatch, *arguments)
    assert (code, read_line(said).state) == (3, "UNKNOWN")
    assert words in said


def test_limits_that_do_not_go_with_the_publishers_are_unknown(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def report_once(*_: Any, **limits: Any) -> HealthReport:
        return evaluate(limited(board([record(SPX, NOW)], NOW), **limits), NOW)

    monkeypatch.setattr(check, "report_once", report_once)
    code, said = main(capsys, monkeypatch, "redis://desk", "--warn-age", "60")
    assert code == 3
    assert said == "CHAIN UNKNOWN - warn age 60 s must be above 0 and below stale age 35 s\n"


def test_without_a_running_deck_it_is_unknown(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, runtime: Path
) -> None:
    code, said = main(capsys, monkeypatch)
    assert (code, read_line(said).state) == (3, "UNKNOWN")
    assert "no deck of this user is running" in said


def test_a_defect_of_our_own_is_unknown_and_shown(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def report_once(*_: Any, **__: Any) -> HealthReport:
        raise KeyError("a defect")

    monkeypatch.setattr(check, "report_once", report_once)
    assert check.run_check(context_of(), "redis://desk", None, None, None, None) == 3
    said = capsys.readouterr()
    where = r"KeyError: 'a defect' at test_check\.py:\d+ report_once; please report it"
    assert re.fullmatch(rf"CHAIN UNKNOWN - the check itself failed: {where}\n", said.out), said.out


# The process, against a real server


async def publish(redis: Redis, *ages_s: float) -> None:
    """Publish as many dates of SPX as there are ages, each a snapshot so old, and a heartbeat that announces them."""
    now = Instant.now(SystemClock())
    quote = {"bid": 1.0, "ask": 1.2, "last_updated": now.wall_ns, "timeframe": "REAL-TIME"}
    chains = [ChainId("SPX", expiry) for expiry in expiries(len(ages_s), new_york(now.wall_s + 86_400).date())]
    made = [
        snapshot(chain, now.wall_ns - round(age * 1e9), surface(chain=chain, last_quote=quote))
        for chain, age in zip(chains, ages_s, strict=True)
    ]
    await snapshot_writer(redis, KeySchema()).publish(made, 60)
    await beat(redis, heartbeat(*chains, ts=now.wall_s))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("ages_s", "arguments", "code", "state", "words"),
    [
        ((1.0, 2.0), (), 0, "OK", "2 chains fresh, "),
        ((40.0, 2.0), (), 1, "WARNING", "STALE, 4"),
        ((40.0, 41.0), (), 2, "CRITICAL", "no chain has a usable snapshot"),
        ((9.0, 9.0), ("--warn-age", "3", "--stale-age", "5"), 2, "CRITICAL", "no chain has a usable snapshot"),
        ((1.0, 2.0), ("--depth", "6"), 1, "PARTIAL DEGRADATION", "SPX depth 2 of 6: the publisher lists no more"),
        ((), (), 2, "CRITICAL", "nothing is published"),
    ],
    ids=["fresh", "one stale", "all stale", "own ages", "own depth", "nothing"],
)
async def test_the_verdict_on_a_real_server(
    redis: Redis,
    redis_url: str,
    short_dir: Path,
    ages_s: tuple[float, ...],
    arguments: tuple[str, ...],
    code: int,
    state: str,
    words: str,
) -> None:
    if ages_s:
        await publish(redis, *ages_s)
    keys = await redis.dbsize()
    ended = await asyncio.to_thread(run, short_dir, "check", redis_url, *arguments)
    said = read_line(ended.stdout)
    assert (ended.returncode, said.state, ended.stderr) == (code, state, "")
    assert words in said.words
    shown = [datum.value for label, datum in said.data.items() if label.endswith(" age")]
    assert len(shown) == len(ages_s)
    assert all(age <= value < age + 20 for age, value in zip(ages_s, shown, strict=True))
    assert await redis.dbsize() == keys


def test_an_unreachable_redis_is_critical(short_dir: Path, closed: str) -> None:
    ended = run(short_dir, "check", closed)
    assert (ended.returncode, ended.stderr) == (2, "")
    assert ended.stdout == "CHAIN CRITICAL - Redis unreachable: connection refused: no Redis listens at that address\n"


@pytest.fixture
def deaf() -> Iterator[str]:
    """URL of a server that accepts, and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as held:
        yield f"redis://127.0.0.1:{held.getsockname()[1]}"


@pytest.mark.slow
def test_a_deaf_redis_is_critical_within_the_patience_of_a_monitoring_system(short_dir: Path, deaf: str) -> None:
    ended = run(short_dir, "check", deaf)
    assert (ended.returncode, ended.stdout) == (2, "CHAIN CRITICAL - Redis unreachable: no answer in time\n")


@contextmanager
def started(home: Path, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    """Give a running check whose output is read through pipes."""
    with subprocess.Popen(
        command("check", *arguments),
        env=environment(home),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def test_watched_it_repeats_until_interrupted(short_dir: Path, closed: str) -> None:
    with started(short_dir, closed, "--watch", "0.05") as process:
        assert process.stdout is not None
        said = [read_line(process.stdout.readline()) for _ in range(3)]
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=10)
    assert [one.state for one in said] == ["CRITICAL"] * 3
    assert (process.returncode, errors) == (0, "")


def test_interrupted_before_its_verdict_it_does_not_say_ok(short_dir: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        held.settimeout(20)
        url = f"redis://127.0.0.1:{held.getsockname()[1]}"
        with started(short_dir, url) as process, held.accept()[0] as link:
            link.recv(64)
            process.send_signal(signal.SIGINT)
            said, errors = process.communicate(timeout=10)
    assert (process.returncode, said, errors) == (130, "", "")


HEAVY = (
    "textual",
    "rich",
    "plotext",
    "httpx",
    "prometheus_client",
    "tui.app",
    "tui.panels",
    "tui.screen",  # pure parts of tui are loaded: settings name keys and columns
    "publisher.massive.source",
    "publisher.massive.api.vendor",
)


@pytest.mark.slow
def test_it_loads_neither_screen_nor_http_nor_metrics(short_dir: Path, closed: str) -> None:
    code = (
        "import sys\nfrom chaindeck.start import main\n"
        "try:\n    main()\nexcept SystemExit as ended:\n    assert ended.code == 2, ended.code\n"
        "print(*sys.modules, sep='\\n')"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code, "check", closed],
        env=environment(short_dir),
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    loaded = set(ended.stdout.splitlines()[1:])
    assert "chaindeck.commands.check" in loaded
    assert not loaded.intersection(HEAVY)
