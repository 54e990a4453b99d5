"""`chaindeck publish --source massive` as a process against the fake vendor: exit codes, one clear line, no key."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import orjson
import pytest
from redis import Redis

from chain.clock import SystemClock
from chain.model.session import new_york, tradable
from chain.redis.server.embedded import EmbeddedServer
from chaindeck.commands.metrics.counters import PublisherCounters
from chaindeck.exits import Exit
from tests.fake_massive import ChainBook, FakeMassive, Fault, expirations, faults, generate
from tests.support.live_scene import CHAINS
from tests.support.product import run, start
from tests.support.waiting import wait_until

pytestmark = pytest.mark.slow

KEY = "canary-c0ffee-77"
PASSWORD = "canary-redis-31"
NOW_S = SystemClock().wall_ns() / 1e9
TODAY = new_york(NOW_S).astimezone(ZoneInfo("America/New_York")).date()
DATES = expirations(TODAY, 10)
NEXT = [day.isoformat() for day in tradable(DATES, NOW_S)[:6]]


@pytest.fixture(scope="module")
def book() -> ChainBook:
    return ChainBook.of(generate("SPX", as_of=NOW_S, spot=6853.25, dates=DATES, strikes=61, step=5, iv=0.08))


@pytest.fixture
def fake(book: ChainBook) -> Iterator[FakeMassive]:
    with FakeMassive(book, key=KEY) as server:
        yield server


@pytest.fixture
def system_url(short_dir: Path) -> Iterator[str]:
    """Another Redis than that of the snapshots."""
    folder = short_dir / "system"
    folder.mkdir(mode=0o700)
    with EmbeddedServer() as server:
        yield server.start_or_attach(folder).url


def publish_once(
    home: Path, fake: FakeMassive, redis_url: str, *arguments: str, **more: str
) -> "subprocess.CompletedProcess[str]":
    environ = {
        "MARKET_REDIS_URL": redis_url,
        "MASSIVE_BASE_URL": f"{fake.url}/v3/snapshot",
        "MASSIVE_CHAIN_SYMBOLS": "I:SPX",
        "MASSIVE_API_KEY": KEY,
    } | more
    return run(home, "publish", "--source", "massive", "--once", *arguments, **environ)


def beats(redis_url: str) -> dict[str, object]:
    with Redis.from_url(redis_url) as client:
        raw = client.get("massive:heartbeat")
        assert isinstance(raw, bytes)
        assert KEY.encode() not in raw
        return dict(orjson.loads(raw))


def published(redis_url: str) -> int:
    """Return how many snapshots the publisher says it has published."""
    with Redis.from_url(redis_url) as client:
        raw = client.get("massive:heartbeat")
    return int(orjson.loads(raw)["chain"]["counters"].get("published", 0)) if isinstance(raw, bytes) else 0


def test_once_publishes_the_next_six_and_beats_on_both_redis(
    short_dir: Path, fake: FakeMassive, redis_url: str, system_url: str
) -> None:
    done = publish_once(short_dir, fake, redis_url, SYSTEM_REDIS_URL=system_url)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert KEY not in done.stderr
    assert "published 6, refused older 0, failed 0" in done.stderr
    assert "HTTP Request" not in done.stderr
    assert 6 + 7 <= fake.count() <= 2 * 6 + 7  # a date after the other, and each window, some of them in two tries
    for url in (redis_url, system_url):
        beat = beats(url)
        assert beat["service"] == "massive"
        assert beat["source"] == {
            "kind": "massive", "detail": "127.0.0.1", "record": "", "as_of": None, "as_of_by": {}, "market": "",
            "trouble": "", "sessions": {},
        }  # fmt: skip
        chain = beat["chain"]
        assert isinstance(chain, dict)
        assert chain["expected"] == {"SPX": NEXT}
        assert chain["trouble"] == {}
        counters = PublisherCounters()
        counters.add(("massive", "massive"), chain["counters"])
        assert {family.name: family.samples[0].value for family in counters.families() if family.samples} == {
            "chaindeck_publisher_cycles": 1,
            "chaindeck_publisher_payload_bytes": chain["counters"]["bytes"],
            "chaindeck_publisher_snapshots": 6,
            "chaindeck_publisher_unknown_counters": 0,
            "chaindeck_vendor_received_bytes": chain["counters"]["vendor_bytes"],
            "chaindeck_vendor_requests": fake.count(),
        }
    with Redis.from_url(redis_url) as client:
        assert len(client.keys("massive:chain:latest:SPX:*")) == 6
    with Redis.from_url(system_url) as client:
        assert client.keys("*") == [b"massive:heartbeat"]


FAILURES = {
    "bad key": ({"MASSIVE_API_KEY": "canary-wrong-05"}, None, 3, "does not know this API key: check MASSIVE_API_KEY"),
    "no plan": ({}, faults.status(403), 3, "the plan of this API key does not include this data"),
    "no such symbol": ({"MASSIVE_CHAIN_SYMBOLS": "NOPE"}, None, 3, "lists no options for this symbol (NOPE)"),
    "server": ({}, faults.status(500), 2, "the vendor's server failed (HTTP 500: error 500)"),
    "server that names a wait": ({}, faults.status(503, retry_after=3600), 2, "the vendor's server failed (HTTP 503: "),
    "redirect": ({}, faults.status(302), 2, "the vendor redirected us (302 to another path, not followed: check MASS"),
    "nobody there": ({"MASSIVE_BASE_URL": "http://127.0.0.1:9"}, None, 2, "the vendor's host refuses connections"),
}  # fmt: skip


@pytest.mark.parametrize(("environ", "effect", "code", "told"), FAILURES.values(), ids=FAILURES)
def test_a_failure_is_one_line_that_a_reader_understands(
    short_dir: Path,
    fake: FakeMassive,
    redis_url: str,
    environ: dict[str, str],
    effect: faults.Effect | None,
    code: int,
    told: str,
) -> None:
    if effect is not None:
        fake.inject(Fault(effect))
    done = publish_once(short_dir, fake, redis_url, **environ)
    assert (done.returncode, done.stdout) == (code, "")
    assert [told in line for line in done.stderr.splitlines()].count(True) == 1, done.stderr
    assert len(done.stderr.splitlines()) == 3, done.stderr  # where it connects, what it means to do, how it went
    assert "Traceback" not in done.stderr
    assert "canary" not in done.stderr
    with Redis.from_url(redis_url) as client:
        assert client.keys("massive:chain:*") == []


def test_one_failed_expiry_is_exit_one_with_its_reason(short_dir: Path, fake: FakeMassive, redis_url: str) -> None:
    fake.inject(Fault(faults.missing_results(), path=CHAINS, expiry=tradable(DATES, NOW_S)[1]))
    done = publish_once(short_dir, fake, redis_url)
    assert done.returncode == 1
    assert "published 5, refused older 0, failed 1" in done.stderr
    assert "the vendor's listing is incomplete (a page without results)" in done.stderr
    beat = beats(redis_url)
    assert isinstance(beat["chain"], dict)
    assert beat["chain"]["trouble"] == {f"SPX {NEXT[1]}": "the vendor's listing is incomplete (a page without results)"}


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({"MASSIVE_API_KEY": ""}, "no API key: set MASSIVE_API_KEY"),
        ({"MASSIVE_API_KEY": "${MASSIVE_API_KEY}"}, "no API key: set MASSIVE_API_KEY"),
        (
            {"MASSIVE_API_KEY": "canary two"},
            "MASSIVE_API_KEY: api_key is ********, not a key: it holds a",
        ),
        ({"MASSIVE_BASE_URL": "ftp://canary"}, "environment MASSIVE_BASE_URL: base_url: 'ftp://canary' is not a host"),
        (
            {"MASSIVE_API_KEY": "can\nary"},
            "MASSIVE_API_KEY: api_key is ********, not a key: it holds a",
        ),
        ({"SSL_CERT_FILE": "/no/such.pem"}, "SSL_CERT_FILE /no/such.pem: no such file or folder"),
        ({"SSL_CERT_FILE": "/etc/hostname"}, "SSL_CERT_FILE /etc/hostname holds no certificate in PEM form"),
        ({"SSL_CERT_DIR": "/no/such"}, "SSL_CERT_DIR /no/such: no such folder"),
        (
            {"MASSIVE_BASE_URL": "http://127.0.0.1:99999"},
            "'http://127.0.0.1:99999': its port must be a number from 1 to 65535",
        ),
        (
            {"MASSIVE_BASE_URL": "http://vendor.invalid"},
            "would go in clear over the network: use https, or insist with",
        ),
        (
            {"MASSIVE_BASE_URL": "http://vendor.invalid", "http_proxy": "http://u:canary@p:1"},
            "would go in clear through the proxy http://p:1 of http_proxy: use https, or insist with --allow-http",
        ),
        (
            {"MASSIVE_BASE_URL": "https://vendor.invalid", "ALL_PROXY": "socks5://u:canary@p:1"},
            "ALL_PROXY: a proxy of the kind socks5:// is not supported: name an http:// proxy there, or vendor",
        ),
        (
            {"MASSIVE_ALLOW_HTTP": "perhaps"},
            "environment MASSIVE_ALLOW_HTTP: allow_http is 'perhaps', not true or false",
        ),
        ({"MASSIVE_CHAIN_NUM_EXPIRATIONS": "many"}, "environment MASSIVE_CHAIN_NUM_EXPIRATIONS: expirations is 'many'"),
    ],
)
def test_settings_that_cannot_work_are_exit_3_before_any_request(
    short_dir: Path, fake: FakeMassive, redis_url: str, environ: dict[str, str], told: str
) -> None:
    done = publish_once(short_dir, fake, redis_url, **environ)
    assert (done.returncode, done.stdout) == (Exit.SETTINGS, "")
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("chaindeck: ")
    assert told in done.stderr
    assert "canary" not in done.stderr.replace("ftp://canary", "")
    assert fake.count() == 0


def test_proxies_of_every_kind_leave_a_vendor_on_loopback_alone(
    short_dir: Path, fake: FakeMassive, redis_url: str
) -> None:
    nonsense = {"HTTP_PROXY": "ftp://u:canary@p", "https_proxy": "x@host:1080", "ALL_PROXY": "socks5://127.0.0.1:9"}
    done = publish_once(short_dir, fake, redis_url, **nonsense)
    assert done.returncode == 0, done.stderr
    assert "canary" not in done.stderr


def test_a_dead_proxy_is_one_line_and_exit_2(short_dir: Path, fake: FakeMassive, redis_url: str) -> None:
    more = {"MASSIVE_BASE_URL": "https://vendor.invalid", "HTTPS_PROXY": "http://u:canary@127.0.0.1:9"}
    done = publish_once(short_dir, fake, redis_url, **more)
    assert done.returncode == Exit.UNAVAILABLE
    assert "the proxy before the vendor failed (proxy http://127.0.0.1:9 of HTTPS_PROXY: " in done.stderr
    assert len(done.stderr.splitlines()) == 3
    assert "canary" not in done.stderr


def test_a_redis_password_is_shown_nowhere(short_dir: Path, fake: FakeMassive, redis_url: str) -> None:
    with Redis.from_url(redis_url) as client:
        client.execute_command("ACL", "SETUSER", "desk", "on", f">{PASSWORD}", "~*", "&*", "+@all")
    url = f"{redis_url.replace('unix://', f'unix://desk:{PASSWORD}@')}"
    done = publish_once(short_dir, fake, url, SYSTEM_REDIS_URL=url)
    assert done.returncode == 0, done.stderr
    assert PASSWORD not in done.stderr


def test_the_key_is_not_in_the_process_list(short_dir: Path, fake: FakeMassive, redis_url: str) -> None:
    environ = {"MARKET_REDIS_URL": redis_url, "MASSIVE_BASE_URL": fake.url, "MASSIVE_API_KEY": KEY}
    process = start(short_dir, "publish", "--source", "massive", "--underlyings", "SPX", **environ)
    try:
        wait_until(lambda: published(redis_url) == 6, timeout=25, what="a first cycle to be told of")
        listed = subprocess.run(
            ["ps", "-o", "args=", "-p", str(process.pid)], capture_output=True, text=True, check=True
        )
        assert "chaindeck" in listed.stdout
        assert KEY not in listed.stdout
    finally:
        process.terminate()
        _, told = process.communicate(timeout=20)
    assert process.returncode == 0
    assert KEY not in told
    assert "stopped as told; " in told


def test_the_key_from_a_file_and_the_flags_from_the_line(short_dir: Path, fake: FakeMassive, redis_url: str) -> None:
    file = short_dir / "desk.toml"
    file.write_text(f'api_key = "{KEY}"\nunderlyings = ["I:SPX"]\n')
    file.chmod(0o600)
    done = run(
        short_dir, "publish", "--source", "massive", "--once", "--config", str(file), "--base-url", fake.url,
        "--expirations", "2", "--redis-url", redis_url,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "published 2," in done.stderr
    assert KEY not in done.stderr
