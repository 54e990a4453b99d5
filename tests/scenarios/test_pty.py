"""The deck as a real process on a real terminal: what it paints, what it survives, and how it ends."""

import asyncio
import re
import signal
import threading
import time
from itertools import pairwise
from pathlib import Path

import orjson
import pytest
import redis as blocking
from redis.asyncio import Redis

from chain.redis.server.embedded import EmbeddedServer
from tests.support.builders import contracts
from tests.support.hostile import CANARIES, CHAINS, MARKUP, NASTY, publish
from tests.support.product import log_text, on_terminal, recorded, run
from tests.support.terminal import Terminal
from tests.support.waiting import wait_until

FRAME_S = 0.04  # time for one repaint
MOVES = 5  # of each pointer while nobody reads the terminal
ATM_ROW = re.compile(r"\d [│┃|#][ A-Za-z+]*\[\d+(\.\d+)?\] ?.?[│┃|#] +\d")
HELP = "next or previous expiry"
LEFT_ALTERNATE_SCREEN, ENTERED_ALTERNATE_SCREEN = b"\x1b[?1049l", b"\x1b[?1049h"
CURSOR_SHOWN, CURSOR_HIDDEN = b"\x1b[?25h", b"\x1b[?25l"

_SEQUENCE = re.compile(
    rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[PX^_][^\x1b]*\x1b\\|[ -/]*[0-Z\\^-~])"
)
_HARMFUL = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")


def shows_grid(terminal: Terminal) -> None:
    """Wait for a strike row of figures with the ATM in brackets."""
    terminal.wait_until(lambda: ATM_ROW.search(terminal.text), "a grid with the ATM in brackets")


def server_pid(home: Path) -> int:
    """Return the process of the embedded server at this home."""
    with blocking.Redis(unix_socket_path=str(home / "r/redis.sock")) as client:
        return int(client.info("server")["process_id"])


def gone(pid: int) -> bool:
    """Whether a process has ended, waited for or not."""
    try:
        return ") Z " in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return True


def block(terminal: Terminal) -> None:
    """Stop reading, and turn the grid over until the screen's thread waits for the terminal and shows no more ages."""
    terminal.stall()
    for _ in range(10):
        for _ in range(25):
            terminal.send("o")
            time.sleep(FRAME_S)
        if terminal.idle(1.2):
            return
    pytest.fail("the deck does not wait for a terminal that does not read")


def test_the_first_grid_appears_and_q_ends_everything(short_dir: Path) -> None:
    with on_terminal(short_dir) as terminal:
        shows_grid(terminal)
        # In the strip, on the board, over signals and grid; soon in the pipeline's line too.
        assert terminal.text.count("[MOCK]") in (4, 5)
        server = server_pid(short_dir)
        terminal.send("q")
        assert terminal.wait() == 0
        assert terminal.restored
    assert gone(server)


@pytest.mark.parametrize("stalled", [False, True], ids=["reading", "stalled"])
def test_sigterm_ends_the_deck_and_restores_the_terminal(short_dir: Path, stalled: bool) -> None:
    with on_terminal(short_dir) as terminal:
        shows_grid(terminal)
        server = server_pid(short_dir)
        if stalled:
            block(terminal)
        terminal.tell(signal.SIGTERM)
        assert terminal.wait(5) == 143
        assert terminal.restored
        if not stalled:
            wait_until(lambda: terminal.raw.rfind(CURSOR_SHOWN) > terminal.raw.rfind(CURSOR_HIDDEN))
            assert terminal.raw.rfind(LEFT_ALTERNATE_SCREEN) > terminal.raw.rfind(ENTERED_ALTERNATE_SCREEN)
    wait_until(lambda: gone(server), 2)


@pytest.mark.parametrize("stalled", [False, True], ids=["reading", "stalled"])
def test_closing_the_terminal_ends_the_deck(short_dir: Path, stalled: bool) -> None:
    with on_terminal(short_dir) as terminal:
        shows_grid(terminal)
        server = server_pid(short_dir)
        if stalled:
            block(terminal)
        before = terminal.cpu_now()
        terminal.hang_up()
        assert terminal.wait(5) == 129
        assert terminal.cpu_used - before < 1  # second of processor: it does not spin on a terminal that is gone
    wait_until(lambda: gone(server), 2)


def test_sigusr1_shows_the_next_record_of_a_capture(short_dir: Path) -> None:
    capture = recorded(short_dir, contracts(), contracts(first=100))
    with on_terminal(short_dir, "--capture", str(capture)) as terminal:
        shows_grid(terminal)
        terminal.wait_for("SPX 1/2")
        assert terminal.text.count("[CAPTURE]") == 4
        terminal.tell(signal.SIGUSR1)
        terminal.wait_for("SPX 2/2", 8)


class Cadence:
    """Watches pointers from outside, by the stamps that the publisher itself writes there."""

    def __init__(self, url: str) -> None:
        self.stamps: dict[bytes, list[int]] = {}
        self._url = url
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def _watch(self) -> None:
        with blocking.Redis.from_url(self._url) as client:
            keys: list[bytes] = client.keys("massive:chain:latest:*")
            while not self._stop.wait(0.05):
                for key, pointer in zip(keys, client.mget(keys), strict=True):
                    stamp = int(pointer.rpartition(b":")[2]) if pointer else 0
                    seen = self.stamps.setdefault(key, [])
                    if not seen or seen[-1] != stamp:
                        seen.append(stamp)

    def __enter__(self) -> "Cadence":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def moves(self, pointers: int) -> int:
        """How often the one of so many pointers has moved that moved least."""
        seen = [len(stamps) - 1 for stamps in self.stamps.values()]
        return min(seen) if len(seen) == pointers else 0

    @property
    def largest_gap_ms(self) -> int:
        """The longest time between two moves of any pointer."""
        return max(after - before for seen in self.stamps.values() for before, after in pairwise(seen))


def test_a_stalled_terminal_does_not_hold_the_publisher(redis_url: str, short_dir: Path) -> None:
    arguments = ("--redis-url", redis_url, "--interval", "1", "--underlyings", "SPX", "--expirations", "2")
    with on_terminal(short_dir, *arguments) as terminal:
        shows_grid(terminal)
        block(terminal)  # from here on, nothing is painted
        painted = len(terminal.raw)
        with Cadence(redis_url) as cadence:
            # A publisher that waited for the terminal would not come to a second cycle.
            wait_until(lambda: cadence.moves(2) > MOVES, 3 * MOVES, "the publisher to go on")
        assert len(terminal.raw) == painted
        assert cadence.largest_gap_ms < 4_000  # of one second; a busy machine makes some longer
        terminal.resume()
        terminal.send("?")
        terminal.wait_for(HELP)
        terminal.send("q")
        terminal.wait_until(
            lambda: HELP not in terminal.text and ATM_ROW.search(terminal.text), "the deck at work again"
        )


async def test_watch_shows_that_redis_is_not_there_and_goes_on(short_dir: Path) -> None:
    """A deck may be started before its Redis, and outlive it."""
    folder = short_dir / "s"
    with EmbeddedServer() as server, on_terminal(short_dir, "watch", f"unix://{folder}/redis.sock") as terminal:
        terminal.wait_for("Redis unreachable")
        async with Redis.from_url(server.start_or_attach(folder).url) as client:
            await publish(client, "plain words", sound=True)
        shows_grid(terminal)
        assert "unreachable" not in terminal.lines[1]
        server.stop()
        terminal.wait_until(lambda: terminal.text.count("UNREACHABLE") >= len(CHAINS), "UNREACHABLE on every line")
        assert not terminal.ended()


def sequences(raw: bytes) -> set[bytes]:
    """Return the kinds of control sequences in a byte stream; figures of position and colour do not make a kind."""
    found = {match.group() for match in _SEQUENCE.finditer(raw)}
    return {re.sub(rb"[0-9;:]+", b"", one) if one[-1:] in b"mH" else one for one in found}


def assert_harmless(text: str) -> None:
    """Fail if a text holds what no text from outside may bring along; the ends of our own lines are no harm."""
    assert _HARMFUL.findall(text.replace("\r\n", "").replace("\n", "")) == []


def tour(terminal: Terminal) -> None:
    """Look at every chain, so that each one's own words are painted."""
    for chain in CHAINS[1:]:
        terminal.send("j")
        terminal.wait_for(f"> {chain.expiry:%m-%d}")
    terminal.send("k" * len(CHAINS))
    terminal.wait_for(f"> {CHAINS[0].expiry:%m-%d}")


async def test_nothing_from_hostile_data_reaches_the_terminal(redis: Redis, redis_url: str, short_dir: Path) -> None:
    await publish(redis, "plain words", sound=True)
    with on_terminal(short_dir, "watch", redis_url, columns=200, rows=60) as terminal:
        shows_grid(terminal)
        tour(terminal)
        calm = len(terminal.raw)
        await publish(redis, NASTY, sound=False)
        terminal.wait_for("INVALID x")
        for mark in MARKUP:
            terminal.wait_for(mark)  # as it stands: neither a style nor an action
        tour(terminal)
        hostile = terminal.raw[calm:]
        terminal.send("q")
        assert terminal.wait() == 0
    assert sequences(hostile) <= sequences(terminal.raw[:calm])
    strings = {kind for kind in sequences(terminal.raw) if kind[1:2] in b"]PX^_"}
    assert strings <= {b"\x1b]22;default\x07"}  # the mouse pointer's shape, which the screen gives back at its end
    assert_harmless(_SEQUENCE.sub(b"", terminal.raw).decode())
    for canary in CANARIES:
        assert canary.encode() not in terminal.raw
    log = log_text(short_dir)
    assert "INVALID" in log
    assert_harmless(log)


@pytest.mark.parametrize("arguments", [("status",), ("status", "--json"), ("watch",), ("check",)], ids=" ".join)
async def test_nothing_from_hostile_data_reaches_a_pipe(
    redis: Redis, redis_url: str, short_dir: Path, arguments: tuple[str, ...]
) -> None:
    await publish(redis, NASTY, sound=False)
    ended = await asyncio.to_thread(run, short_dir, *arguments, redis_url)
    assert "INVALID" in ended.stdout
    assert_harmless(ended.stdout + ended.stderr)
    if "--json" in arguments:  # what a script reads out of it and prints
        assert_harmless("".join(texts(orjson.loads(ended.stdout))))


def texts(value: object) -> list[str]:
    """Return every string inside a JSON value, keys included."""
    if isinstance(value, dict):
        return [text for key, inner in value.items() for text in (key, *texts(inner))]
    if isinstance(value, list):
        return [text for inner in value for text in texts(inner)]
    return [value] if isinstance(value, str) else []
