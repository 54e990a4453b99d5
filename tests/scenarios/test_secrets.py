"""A Redis password given in a URL is nowhere to be read afterwards, and a wrong one is a reason in words."""

import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest
import redis as blocking

from chain.clock import SystemClock
from chain.errors import ChaindeckError
from chain.redis.connect.connection import RedisTarget
from chain.redis.server.binary import binary
from chaindeck.engine.board_slot import BoardSlot
from tests.support.engines import watching_engine
from tests.support.product import log_text, on_terminal, run
from tests.support.waiting import wait_until, wait_until_async
from tui.app import DeckApp

PASSWORD = "kan@ri/en:w#rt?"
QUOTED = quote(PASSWORD, safe="")
FORMS = (PASSWORD, QUOTED, "kan@ri", "kan%40ri", "w#rt", "w%23rt")
SMALL = ("--underlyings", "SPX", "--expirations", "2")


@dataclass(frozen=True, slots=True)
class Guarded:
    """A server behind a password, on a port of loopback."""

    port: int

    def url(self, password: str = "") -> str:
        """Return its URL with a password, or without any."""
        user = f":{quote(password, safe='')}@" if password else ""
        return f"redis://{user}127.0.0.1:{self.port}/0"


def _free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


@pytest.fixture
def guarded(short_dir: Path) -> Iterator[Guarded]:
    """The embedded server's program with a password, over TCP."""
    port = _free_port()
    settings = ["--bind", "127.0.0.1", "--port", str(port), "--requirepass", PASSWORD, "--dir", str(short_dir)]
    quiet = subprocess.DEVNULL
    with subprocess.Popen([binary(), *settings, "--save", ""], stdin=quiet, stdout=quiet, stderr=quiet) as process:
        try:
            wait_until(lambda: _answers(port), 5)
            yield Guarded(port)
        finally:
            process.terminate()


def _answers(port: int) -> bool:
    try:
        with blocking.Redis(port=port, password=PASSWORD, socket_timeout=1) as client:
            return bool(client.ping())
    except blocking.ConnectionError:
        return False


def assert_unsaid(text: str | bytes) -> None:
    """Fail if any form of the password, or a telling part of it, is in a text."""
    shown = text if isinstance(text, str) else text.decode("utf-8", "replace")
    for form in FORMS:
        assert form not in shown


def test_no_output_of_any_command_holds_the_password(guarded: Guarded, short_dir: Path) -> None:
    secret = {"MARKET_REDIS_URL": guarded.url(PASSWORD)}
    said = {
        "publish": run(short_dir, "publish", "--once", *SMALL, **secret),
        "status": run(short_dir, "status", **secret),
        "json": run(short_dir, "status", "--json", **secret),
        "frame": run(short_dir, "watch", **secret),
        "config": run(short_dir, "config", "show", **secret),
    }
    for name, ended in said.items():
        assert ended.returncode == 0, (name, ended.stderr)
        assert_unsaid(ended.stdout + ended.stderr)
    checked = run(short_dir, "check", **secret)
    assert_unsaid(checked.stdout + checked.stderr)
    assert f"redis://127.0.0.1:{guarded.port}/0" in said["status"].stdout  # the address itself is no secret


def test_the_deck_shows_logs_and_lists_no_password(guarded: Guarded, short_dir: Path) -> None:
    with on_terminal(short_dir, *SMALL, MARKET_REDIS_URL=guarded.url(PASSWORD)) as terminal:
        terminal.wait_for("FRESH")
        terminal.send("?")
        terminal.wait_for("KEYS")
        terminal.send("q")
        terminal.wait_until(lambda: "KEYS" not in terminal.text, "the help to close")
        then = terminal.text
        terminal.wait_until(lambda: terminal.text != then, "the deck beneath to go on")
        process = Path(f"/proc/{terminal.pid}")
        assert_unsaid((process / "cmdline").read_bytes() + (process / "comm").read_bytes())
        terminal.send("q")
        assert terminal.wait() == 0
        assert_unsaid(terminal.raw)
    log = short_dir / ".local/state/chaindeck/log/chaindeck.log"
    assert log.stat().st_mode & 0o077 == 0
    assert "published 2" in log_text(short_dir)
    for path in short_dir.rglob("*"):
        if path.is_file():
            assert_unsaid(path.read_bytes())


async def test_a_screenshot_holds_no_password(guarded: Guarded) -> None:
    clock, slot = SystemClock(), BoardSlot()
    engine = watching_engine(guarded.url(PASSWORD), clock, slot)
    app = DeckApp(slot, clock)
    async with app.run_test(size=(120, 40)) as pilot:
        engine.start()
        try:
            await wait_until_async(lambda: slot.polls > 1)
            await pilot.pause()
            picture = app.export_screenshot()
        finally:
            engine.stop()
    assert f"127.0.0.1:{guarded.port}" in picture
    assert_unsaid(picture)


@pytest.mark.parametrize("password", ["wr@ng-one", ""], ids=["wrong", "none"])
def test_a_refused_password_is_a_reason_and_no_echo(guarded: Guarded, short_dir: Path, password: str) -> None:
    url = guarded.url(password)
    reason = "refused the user or password" if password else "password"
    ended = run(short_dir, "status", MARKET_REDIS_URL=url)
    assert ended.returncode == 2
    assert reason in ended.stdout and reason in ended.stderr
    assert "wr@ng" not in ended.stdout + ended.stderr and "wr%40ng" not in ended.stdout + ended.stderr
    with on_terminal(short_dir, "watch", MARKET_REDIS_URL=url) as terminal:
        terminal.wait_for("Redis unreachable")
        terminal.wait_for(reason)
        terminal.send("q")
        assert terminal.wait() == 0
        assert b"wr@ng" not in terminal.raw and b"wr%40ng" not in terminal.raw
    assert reason in log_text(short_dir)


@pytest.mark.parametrize(
    "url",
    [
        f"http://:{QUOTED}@desk",
        f"redis://:{QUOTED}@",
        f"redis://:{QUOTED}@desk:99999",
        f"unix://:{QUOTED}@",
        f"redis://:{QUOTED}@desk,:",
        f"redis+sentinel://:{QUOTED}@desk:26379",
    ],
)
def test_a_url_that_is_refused_is_not_quoted_with_its_password(url: str) -> None:
    with pytest.raises(ChaindeckError) as told:
        RedisTarget(url)
    assert_unsaid(f"{told.value!r} {told.value}")


@pytest.mark.parametrize("password", ["kanari/zebra", "kanari?zebra", "kanari#zebra", "kanari@x/zebra", "4711/zebra"])
def test_a_password_with_a_character_of_urls_in_it_is_refused_without_a_word_of_it(password: str) -> None:
    """People paste passwords as they are; generated ones hold slashes."""
    with pytest.raises(ChaindeckError) as told:
        RedisTarget(f"redis://:{password}@desk:6379/0")
    shown = f"{told.value!r} {told.value}"
    assert not any(part in shown for part in ("kanari", "zebra", "4711"))


@pytest.mark.parametrize("query", ["db=first", "nonsense=1", "socket_timeout=soon"])
async def test_a_query_that_makes_no_sense_is_refused_in_words(query: str) -> None:
    with pytest.raises(ChaindeckError) as told:
        async with RedisTarget(f"redis://127.0.0.1:1/0?password={QUOTED}&{query}").connect() as client:
            await client.ping()
    assert query.partition("=")[0] in str(told.value)
    assert_unsaid(f"{told.value!r} {told.value}")


def test_a_url_that_is_refused_at_the_front_door_is_one_line_without_its_password(short_dir: Path) -> None:
    ended = run(short_dir, "publish", "--once", MARKET_REDIS_URL=f"reddis://:{QUOTED}@desk:6379/0")
    assert ended.returncode == 3
    assert ended.stderr.startswith("chaindeck: ") and ended.stderr.count("\n") == 1
    assert_unsaid(ended.stderr)
