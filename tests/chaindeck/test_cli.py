"""The command line from outside: exit codes, one line for each mistake, signals, and which Redis is meant."""

import signal
import socket
import subprocess
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import orjson
import pytest
import redis as blocking

from chain.model.keys import ChainId
from chaindeck import __version__
from chaindeck.exits import Exit
from tests.support.builders import contracts
from tests.support.product import command, environment, recorded, run, start
from tests.support.waiting import wait_until

pytestmark = pytest.mark.slow

SMALL = ("--underlyings", "SPX", "--expirations", "2")
HEARTBEAT = "mock_massive:heartbeat"


@pytest.fixture
def closed() -> str:
    """URL of a port on which nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return f"redis://127.0.0.1:{held.getsockname()[1]}"


@pytest.fixture
def server(redis_url: str) -> Iterator[blocking.Redis]:
    """A client that may block, on an emptied server."""
    with blocking.Redis.from_url(redis_url, decode_responses=True) as client:
        yield client


def pointers(server: blocking.Redis) -> dict[str, str]:
    keys = sorted(map(str, server.scan_iter(match="massive:chain:latest:*")))
    return {key: str(server.get(key)) for key in keys}


def heard(server: blocking.Redis) -> dict[str, Any]:
    raw = server.get(HEARTBEAT)
    body: dict[str, Any] = orjson.loads(raw) if raw else {}
    return body


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["publish", "--interval", "soon"], "flag --interval: interval is 'soon', not a number"),
        (["publish", "--interval", "10s"], "interval is '10s', not a number"),
        (
            ["publish", "--ttl", "5"],
            "stale at 35 s, after its TTL of 5 s: use a TTL above 35 s (interval: default; ttl:",
        ),
        (["publish", "--interval", "20"], "use a TTL above 65 s or an interval below 18.3 s"),
        (["publish", "--expirations", "1000000"], "flag --expirations: expirations is '1000000', not a whole number"),
        (["publish", "--once", "--underlyings", "SPXW"], "SPXW is a root of SPX, whose chains hold it: ask for SPX"),
        (["publish", "--once", "--underlyings", ","], "underlyings is ',', not a list of symbols, as in SPX,NDX"),
        (["publish", "--once", "--underlyings", ""], "flag --underlyings is empty: give it a value, or leave it out"),
        (["publish", "--redis-url", ""], "flag --redis-url is empty"),
        (["status", ""], "argument URL is empty"),
        (["publish", "--once", *SMALL], "give --redis-url, or start chaindeck first"),
        (["publish", "--interval", "-1"], "interval"),
        (["publish", "--interval", "30"], "stale at 95 s, after its TTL of 60 s"),
        (["publish", "--expirations", "0"], "expirations"),
        (["publish", "--underlyings", "SPX,!!"], "'!!' is not a symbol"),
        (["publish", "--once", "--underlyings", "ZZZZ"], "flag --underlyings: mock market has no ZZZZ"),
        (["--theme", "nosuch"], "flag --theme: there is no theme 'nosuch': choose among chaindeck, chaindeck-light, "),
        (["watch", "redis://h", "--theme", "drakula"], "flag --theme: there is no theme 'drakula': did you mean drac"),
        (
            ["--grid-columns", "bid,oi,spred"],
            "grid_columns is 'bid,oi,spred', not a list of columns among Bid, Ask, Mid, ",
        ),
        (["metrics", "redis://h", "--host", ""], "metrics host is empty"),
        (["metrics", "redis://h", "--host", "a..b"], "metrics host 'a..b' is no address"),
        (["publish", "--once", "--capture", "/no/such.jsonl.gz"], "/no/such.jsonl.gz"),
        (["--capture", "/no/such.jsonl"], "/no/such.jsonl"),
        (["--config", "/no/such.toml"], "/no/such.toml"),
        (["status", "http://desk"], "scheme must be one of redis, rediss, unix"),
        (["status", "redis://"], "names no host"),
        (["status", "desk:6379"], "argument URL: Redis URL: the scheme is missing: write redis://desk:6379"),
        (
            ["status", "redis://desk:99999"],
            "argument URL: Redis URL 'redis://desk:99999': port '99999' must be a number from 1",
        ),
        (["status"], "no deck of this user is running"),
        (["watch"], "no deck of this user is running"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "says",
)
def test_a_setting_that_cannot_work_is_one_line_and_exit_3(short_dir: Path, arguments: list[str], words: str) -> None:
    ended = run(short_dir, *arguments)
    assert ended.returncode == Exit.SETTINGS
    assert ended.stdout == ""
    assert ended.stderr.startswith("chaindeck: ")
    assert ended.stderr.count("\n") == 1
    assert words in ended.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--nope"], "Unknown option: --nope"),
        (["bogus"], "unknown command 'bogus': one of "),
        (["help"], "chaindeck --help lists all"),
        (["watch", "redis://h", "--redis-url", "redis://i"], "two Redis URLs: give the argument or --redis-url"),
        (["stauts"], "unknown command 'stauts': did you mean status?"),
        (["publsh", "--once"], "unknown command 'publsh': did you mean publish?"),
        (["PUBLISH"], "did you mean publish?"),
        (["\x1b[31mred"], "unknown command '\ufffd[31mred'"),
        (["redis://desk:canary@host:1"], "as in chaindeck watch redis://host:1"),
        (["publish", "extra"], "publish takes no further 'extra': see chaindeck publish --help"),
        (["verify", "redis://h", "redis://u:canary@i"], "verify takes no further 'redis://i'"),
        (["--config", "x.toml", "config", "show"], "options stand behind the command: chaindeck config --config ..."),
        (["--config", "x.toml", "extra"], "chaindeck takes no further 'extra': see chaindeck --help"),
        (["publish", "--onec"], "Did you mean --once?"),
        (["publish", "--api-key=canary"], "Unknown option: --api-key"),
        (["publish", "--once", "--capture"], "--capture"),
        (["--capture", ""], "--capture is empty: name a file"),
        (["publish", "--capture", "x", "--capture="], "--capture is empty: name a file"),
        (["status", "--config", " "], "--config is empty: name a file"),
        (["tape", "info", ""], "an argument is empty: name a file"),
        (["publish", "--interval"], "--interval requires an argument"),
        (["publish", "--interval", "5", "--interval", "6"], "--interval specified multiple times"),
        (["live", "--theme", "-x"], "--theme requires an argument"),
        (["publish", "--source", "redis://u:canary@i"], "Choose from"),
        (["metrics", "--port", "abc"], "--port"),
        (["config", "shw"], 'Did you mean "show"?'),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "says",
)
def test_a_command_line_that_makes_no_sense_is_one_line_and_exit_64(
    short_dir: Path, arguments: list[str], words: str
) -> None:
    ended = run(short_dir, *arguments)
    assert (ended.returncode, ended.stdout) == (Exit.USAGE, "")
    assert ended.stderr.startswith("chaindeck: ") and ended.stderr.count("\n") == 1
    assert words in ended.stderr
    assert "canary" not in ended.stderr


@pytest.mark.parametrize("command", [("watch",), ()], ids=["watch", "deck"])
def test_without_a_terminal_an_unreachable_redis_is_one_line(short_dir: Path, closed: str, command: tuple[str]) -> None:
    ended = run(short_dir, *command, MARKET_REDIS_URL=closed)
    assert (ended.returncode, ended.stdout) == (Exit.UNAVAILABLE, "")
    assert ended.stderr.startswith("chaindeck: ")
    assert ended.stderr.count("\n") == 1


@pytest.mark.parametrize("form", [(), ("--json",)], ids=["text", "json"])
def test_status_of_an_unreachable_redis_prints_the_board_and_exits_2(
    short_dir: Path, closed: str, form: tuple[str]
) -> None:
    ended = run(short_dir, "status", closed, *form)
    assert ended.returncode == Exit.UNAVAILABLE
    assert "CRITICAL" in ended.stdout
    assert ended.stderr.startswith("chaindeck: Redis unreachable: ")
    assert ended.stderr.count("\n") == 1


def test_version_and_help(short_dir: Path) -> None:
    assert run(short_dir, "--version").stdout.strip() == __version__
    helped = run(short_dir, "--help")
    assert helped.returncode == 0
    assert all(word in helped.stdout for word in ("publish", "status", "watch", "--redis-url", "--capture"))


def test_a_whole_cycle_exits_0_and_is_there(short_dir: Path, redis_url: str, server: blocking.Redis) -> None:
    ended = run(short_dir, "publish", "--once", "--redis-url", redis_url, *SMALL)
    assert ended.returncode == 0, ended.stderr
    held = pointers(server)
    assert len(held) == 2
    assert server.exists(*held.values()) == 2
    assert heard(server)["source"]["kind"] == "mock"


def test_one_expiry_that_fails_exits_1_and_the_other_is_there(
    short_dir: Path, redis_url: str, server: blocking.Redis
) -> None:
    calls = contracts(ChainId("SPX", date(2026, 1, 5)))[::2]
    capture = recorded(short_dir, contracts() + calls)
    ended = run(short_dir, "publish", "--once", "--redis-url", redis_url, "--capture", str(capture))
    assert ended.returncode == 1
    assert list(pointers(server)) == ["massive:chain:latest:SPX:2026-01-02"]
    assert "the record lists calls of SPX 2026-01-05 alone" in ended.stderr


def test_a_cycle_to_an_unreachable_redis_exits_2(short_dir: Path, closed: str) -> None:
    ended = run(short_dir, "publish", "--once", "--redis-url", closed, *SMALL)
    assert ended.returncode == Exit.UNAVAILABLE
    assert "Traceback" not in ended.stderr


@pytest.fixture
def publisher(short_dir: Path, redis_url: str, server: blocking.Redis) -> Iterator["subprocess.Popen[str]"]:
    """A mock publisher that has published once and will not again by itself."""
    with start(short_dir, "publish", "--redis-url", redis_url, "--interval", "15", *SMALL) as process:
        try:
            wait_until(lambda: heard(server).get("chain", {}).get("counters", {}).get("cycles"), 15)
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_the_publisher_ends_cleanly(
    publisher: "subprocess.Popen[str]", server: blocking.Redis, number: signal.Signals
) -> None:
    publisher.send_signal(number)
    _, errors = publisher.communicate(timeout=10)
    assert publisher.returncode == 0
    assert heard(server)["status"] == "stopped"
    assert "Traceback" not in errors
    assert "stopped as told; 2 snapshots in 1 cycles" in errors.splitlines()[-1]


def test_sigusr1_publishes_at_once(publisher: "subprocess.Popen[str]", server: blocking.Redis) -> None:
    before = pointers(server)
    publisher.send_signal(signal.SIGUSR1)
    wait_until(lambda: not before.items() & pointers(server).items(), 8, "both pointers to move")
    assert heard(server)["status"] == "running"


def test_sigusr1_moves_a_capture_to_its_next_record(short_dir: Path, redis_url: str, server: blocking.Redis) -> None:
    capture = recorded(short_dir, contracts(), contracts(first=100))

    def shown() -> str:
        return str(heard(server).get("source", {}).get("record", ""))

    arguments = ("publish", "--redis-url", redis_url, "--interval", "15", "--capture", str(capture))
    with start(short_dir, *arguments) as process:
        try:
            wait_until(lambda: "SPX 1/2" in shown(), 15)
            process.send_signal(signal.SIGUSR1)
            wait_until(lambda: "SPX 2/2" in shown(), 8)
        finally:
            process.kill()


def test_without_a_terminal_one_frame_of_the_whole_market_is_printed(short_dir: Path) -> None:
    ended = run(short_dir)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.count("6 of 6") == 3  # SPX, NDX and SPY: the frame waits for the cycle's end
    assert "all 18 chains fresh, mock" in ended.stdout
    assert "[6925]" in ended.stdout
    assert "\x1b" not in ended.stdout


def test_without_a_terminal_watch_prints_what_others_publish(
    short_dir: Path, publisher: "subprocess.Popen[str]", redis_url: str
) -> None:
    ended = run(short_dir, "watch", redis_url)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "2 of 2" in ended.stdout
    assert publisher.poll() is None


def test_status_as_json_through_the_front_door(
    short_dir: Path, publisher: "subprocess.Popen[str]", redis_url: str
) -> None:
    ended = run(short_dir, "status", "--json", redis_url)
    assert (ended.returncode, ended.stderr) == (0, "")
    body = orjson.loads(ended.stdout)
    beside = ["stream", "feed", "compositor", "recorder"]
    told = ["state", "signals", "redis", "sources", "source", *beside, "parts", "expected", "expiries", "log"]
    assert list(body) == told
    assert (body["state"], body["expected"]) == ("OK", 2)
    assert body["source"]["pid"] == publisher.pid
    assert [expiry["state"] for expiry in body["expiries"]] == ["FRESH", "FRESH"]


@pytest.mark.parametrize(
    ("arguments", "environment", "port"),
    [
        ((), {"REDIS_URL": 2}, 2),
        ((), {"REDIS_URL": 2, "MARKET_REDIS_URL": 3}, 3),
        (("--redis-url", "redis://127.0.0.1:4"), {"REDIS_URL": 2, "MARKET_REDIS_URL": 3}, 4),
        (("redis://127.0.0.1:5",), {"MARKET_REDIS_URL": 3}, 5),
    ],
    ids=["REDIS_URL", "MARKET_REDIS_URL first", "flag first", "argument first"],
)
def test_which_redis_is_meant(
    short_dir: Path, arguments: tuple[str, ...], environment: dict[str, int], port: int
) -> None:
    urls = {name: f"redis://127.0.0.1:{number}" for name, number in environment.items()}
    ended = run(short_dir, "status", "--json", *arguments, **urls)
    assert orjson.loads(ended.stdout)["redis"]["url"] == f"redis://127.0.0.1:{port}"


def test_a_terminal_of_another_encoding_gets_words_and_no_trace(short_dir: Path, closed: str) -> None:
    ended = run(short_dir, "status", closed, PYTHONIOENCODING="ascii")
    assert ended.returncode == Exit.UNAVAILABLE
    assert "CRITICAL" in ended.stdout
    assert "Traceback" not in ended.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full on this system")
@pytest.mark.parametrize("arguments", [("config", "show"), ("status", "{closed}"), ("status", "--json", "{closed}")])
def test_output_that_cannot_be_written_is_one_line_and_exit_2(
    short_dir: Path, closed: str, arguments: tuple[str, ...]
) -> None:
    filled = [argument.replace("{closed}", closed) for argument in arguments]
    with open("/dev/full", "w") as full:  # noqa: PTH123
        ended = subprocess.run(
            command(*filled),
            env=environment(short_dir),
            stdin=subprocess.DEVNULL,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=30,
            check=False,
        )
    assert ended.returncode == Exit.UNAVAILABLE
    assert ended.stderr.splitlines()[-1] == "chaindeck: no space left on the disk: make room"
    assert "Traceback" not in ended.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full on this system")
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_check_whose_line_cannot_be_written_is_unknown_in_one_line(
    short_dir: Path, closed: str, unbuffered: str
) -> None:
    with open("/dev/full", "w") as full:  # noqa: PTH123
        ended = subprocess.run(
            command("check", closed),
            env=environment(short_dir, PYTHONUNBUFFERED=unbuffered),
            stdin=subprocess.DEVNULL,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=30,
            check=False,
        )
    assert (ended.returncode, ended.stderr) == (3, "chaindeck: no space left on the disk: make room\n")
