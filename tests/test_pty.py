"""The deck as a real process on a real terminal: what it paints, what it survives, and how it ends."""

import re
import signal
import threading
import time
from pathlib import Path

import pytest
import redis as blocking
from redis.asyncio import Redis

from tests.hostile import CANARIES, CHAINS, MARKUP, NASTY, publish
from tests.product import log_text, on_terminal
from tests.terminal import Terminal
from tests.waiting import wait_until

FRAME_S = 0.04  # time for one repaint
ATM_ROW = re.compile(r"\d [│┃] +\[\d+(\.\d+)?\] ?[│┃] +\d")
LEFT_ALTERNATE_SCREEN, ENTERED_ALTERNATE_SCREEN = b"\x1b[?1049l", b"\x1b[?1049h"
CURSOR_SHOWN, CURSOR_HIDDEN = b"\x1b[?25h", b"\x1b[?25l"

_SEQUENCE = re.compile(
    rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[PX^_][^\x1b]*\x1b\\|[ -/]*[0-Z\\^-~])"
)
_HARMFUL = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]"
)


def shows_grid(terminal: Terminal) -> None:
    """Wait for a strike row of figures with the ATM in brackets."""
    terminal.wait_until(lambda: ATM_ROW.search(terminal.text), "a grid with the ATM in brackets")


def server_pid(home: Path) -> int:
    """Return the process of the embedded server at this home."""
    with blocking.Redis(unix_socket_path=str(home / "r/redis.sock")) as client:
        return int(client.info("server")["process_id"])


def gone(pid: int) -> bool:
    return not Path(f"/proc/{pid}/stat").exists() or ") Z " in Path(f"/proc/{pid}/stat").read_text()


def block(terminal: Terminal) -> None:
    """Stop reading, and turn the grid over until the screen's thread waits for the terminal, though it has a clock to show."""
    terminal.stall()
    for _ in range(10):
        for _ in range(20):
            terminal.send("o")
            time.sleep(FRAME_S)
        if terminal.idle(1.5):
            return
    pytest.fail("the deck does not wait for a terminal that does not read")


def test_the_first_grid_appears_and_q_ends_everything(short_dir: Path) -> None:
    with on_terminal(short_dir) as terminal:
        shows_grid(terminal)
        assert terminal.text.count("[MOCK]") == 4  # in the strip, on the board, over signals and grid
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
        terminal.resume()
        if not stalled:
            wait_until(lambda: terminal.raw.rfind(CURSOR_SHOWN) > terminal.raw.rfind(CURSOR_HIDDEN))
            assert terminal.raw.rfind(LEFT_ALTERNATE_SCREEN) > terminal.raw.rfind(ENTERED_ALTERNATE_SCREEN)
    wait_until(lambda: gone(server), 2)


@pytest.mark.parametrize("stalled", [False, True], ids=["reading", "stalled"])
def test_closing_the_terminal_ends_the_deck(short_dir: Path, stalled: bool) -> None:
    with on_terminal(short_dir) as terminal:
        shows_grid(terminal)
        server, before = server_pid(short_dir), terminal.cpu_now()
        if stalled:
            block(terminal)
        terminal.hang_up()
        assert terminal.wait(5) == 129
        assert terminal.cpu_used - before < 1.5  # seconds of processor: it does not spin on a terminal that is gone
    wait_until(lambda: gone(server), 2)


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

    @property
    def largest_gap_ms(self) -> int:
        """The longest time between two moves of any pointer."""
        return max(b - a for seen in self.stamps.values() for a, b in zip(seen, seen[1:], strict=False))


@pytest.mark.slow
def test_a_stalled_terminal_does_not_hold_the_publisher(redis_url: str, short_dir: Path) -> None:
    arguments = ("--redis-url", redis_url, "--interval", "1", "--underlyings", "SPX", "--expirations", "2")
    with on_terminal(short_dir, *arguments) as terminal:
        shows_grid(terminal)
        with Cadence(redis_url) as cadence:
            block(terminal)
            painted = len(terminal.raw)
            time.sleep(20)
        assert len(terminal.raw) == painted  # the line was really stuck
        assert len(cadence.stamps) == 2
        assert all(len(seen) >= 18 for seen in cadence.stamps.values())
        assert cadence.largest_gap_ms < 1500
        terminal.resume()
        terminal.send("?")
        terminal.wait_for("what the words mean" if False else "FRESH          age within")
        terminal.send("q")
        terminal.wait_until(lambda: "FRESH          age within" not in terminal.text, "the deck without help")
        shows_grid(terminal)


def sequences(raw: bytes) -> set[bytes]:
    """Return the kinds of control sequences in a byte stream; figures of position and colour do not make a kind."""
    found = {match.group() for match in _SEQUENCE.finditer(raw)}
    return {re.sub(rb"[0-9;:]+", b"", one) if one[-1:] in b"mH" else one for one in found}


def harmful(text: str) -> list[str]:
    """Return the characters that no text from outside may bring along, line ends left out."""
    return _HARMFUL.findall(text.replace("\r\n", "").replace("\n", ""))


async def test_nothing_from_hostile_data_reaches_the_terminal(redis: Redis, redis_url: str, short_dir: Path) -> None:
    await publish(redis, "plain words", sound=True)
    with on_terminal(short_dir, "watch", redis_url, columns=200, rows=60) as terminal:
        shows_grid(terminal)
        tour(terminal)
        calm = len(terminal.raw)
        await publish(redis, NASTY, sound=False)
        terminal.wait_for(MARKUP)
        shows_grid(terminal)
        tour(terminal)
        terminal.send("q")
        assert terminal.wait() == 0
        before, after = terminal.raw[:calm], terminal.raw[calm:]
    leaving = {LEFT_ALTERNATE_SCREEN, CURSOR_SHOWN}
    assert {kind for kind in sequences(after) - sequences(before) if not re.fullmatch(rb"\x1b\[[?<]\d*[lhu]", kind)} == set()
    assert leaving < sequences(after)
    rest = _SEQUENCE.sub(b"", after).decode()
    assert harmful(rest) == []
    for canary in CANARIES:
        assert canary.encode() not in after
    log = log_text(short_dir)
    assert "INVALID" in log
    assert harmful(log) == []


def tour(terminal: Terminal) -> None:
    """Look at every chain, so that each one's own words are painted."""
    for chain in CHAINS[1:]:
        terminal.send("j")
        terminal.wait_for(f"> {chain.expiry:%m-%d}")
    terminal.send("k" * len(CHAINS))
    terminal.wait_for(f"> {CHAINS[0].expiry:%m-%d}")
