"""A live publisher and everything else of ours on one Redis, started and ended in every order.

At no moment does an invented or recorded value stand beside or follow live data, and no check says OK without the kind.
"""

import asyncio
import random
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import redis as blocking

from chain.clock import SystemClock
from chain.model.session import new_york
from chain.redis.connect.connection import RedisTarget
from chaindeck.commands.check import line, report_once
from chaindeck.exits import Exit
from tests.fake_massive import ChainBook, FakeMassive, expirations, generate
from tests.support.builders import contracts
from tests.support.contexts import context_of
from tests.support.product import log_text, on_terminal, recorded, run, start
from tests.support.servers import Servers
from tests.support.source_witness import LIVE_SPOT, SourceWitness, names_its_kind, source_witness
from tests.support.terminal import Terminal
from tests.support.waiting import wait_until

KEY = "demo"
TTL_S = 10.0
PACE = ("--interval", "1", "--ttl", str(TTL_S), "--expirations", "2")
NOW_S = SystemClock().wall_ns() / 1e9
REFUSED = "data are not published beside live data"


class Actor:
    """One process of ours and what it says on standard error, or its terminal."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.said: list[str] = []
        self._ear = threading.Thread(target=self._listen, daemon=True)
        self._ear.start()

    def _listen(self) -> None:
        assert self.process.stderr is not None
        self.said.extend(iter(self.process.stderr.readline, ""))

    def heard(self, words: str) -> bool:
        return any(words in said for said in list(self.said))

    def tell(self, number: signal.Signals) -> None:
        if self.process.poll() is None:
            self.process.send_signal(number)

    def ended(self) -> int:
        code = self.process.wait(15)
        self._ear.join(5)
        return code

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self._ear.join(5)
        assert self.process.stderr is not None
        self.process.stderr.close()


class Scene:
    """A Redis of its own, the fake vendor, a witness, a check that never rests, and whatever is started."""

    def __init__(self, ends: ExitStack, folder: Path) -> None:
        self.ends, self.folder = ends, folder
        self.url = ends.enter_context(Servers()).alone().url
        today = new_york(NOW_S).date()
        chain = generate("SPX", as_of=NOW_S, spot=LIVE_SPOT, dates=expirations(today, 4), strikes=41, step=5, iv=0.08)
        self.fake = ends.enter_context(FakeMassive(ChainBook.of(chain), key=KEY))
        self.client = ends.enter_context(blocking.Redis.from_url(self.url))
        self.seen: SourceWitness = ends.enter_context(source_witness(self.url, TTL_S))
        self.checks: list[str] = []
        self._done = threading.Event()
        thread = threading.Thread(target=self._check, daemon=True)
        thread.start()
        ends.callback(thread.join, 10)
        ends.callback(self._done.set)
        self.capture = recorded(self._home(), contracts())

    def _check(self) -> None:
        target, clock = RedisTarget(self.url), SystemClock()
        while not self._done.wait(0.3):
            self.checks.append(line(asyncio.run(report_once(target, context_of(clock)))))

    def _home(self) -> Path:
        home = self.folder / str(len(list(self.folder.iterdir())))
        home.mkdir()
        return home

    def _start(self, *arguments: str, **more: str) -> Actor:
        actor = Actor(start(self._home(), *arguments, "--redis-url", self.url, *PACE, **more))
        self.ends.callback(actor.close)
        return actor

    def live(self) -> Actor:
        more = {"MASSIVE_BASE_URL": f"{self.fake.url}/v3/snapshot", "MASSIVE_API_KEY": KEY}
        return self._start("publish", "--source", "massive", "--underlyings", "SPX", **more)

    def mock(self) -> Actor:
        return self._start("publish", "--underlyings", "SPX,NDX")

    def recorded(self) -> Actor:
        return self._start("publish", "--capture", str(self.capture))

    def once(self) -> Actor:
        return self._start("publish", "--once", "--underlyings", "SPX")

    def deck(self) -> Terminal:
        return self.ends.enter_context(
            on_terminal(self._home(), "--redis-url", self.url, "--underlyings", "SPX", *PACE)
        )

    def watch(self) -> Terminal:
        return self.ends.enter_context(on_terminal(self._home(), "watch", self.url))

    def stands(self, *, live: bool) -> None:
        wait_until(lambda: self.seen.kinds(self.client) == {live}, 15, "live data" if live else "other data")

    def run_out(self) -> None:
        """Let the time of everything that a live publisher left run out."""
        for key in ("massive:chain:live", "massive:heartbeat", *self.client.scan_iter("massive:chain:latest:*")):
            self.client.delete(key)
        self.seen.live_moved = None

    def held(self) -> None:
        """Fail unless live data stood alone as long as they were protected, and every OK named the kind."""
        assert (self.seen.beside, self.seen.within) == ([], [])
        assert self.seen.looks > 100
        assert [said for said in self.checks if not names_its_kind(said)] == []


@pytest.fixture
def scene(short_dir: Path) -> Iterator[Scene]:
    with ExitStack() as ends:
        yield Scene(ends, short_dir)


def test_after_live_nothing_else_begins_and_the_second_live_takes_over(scene: Scene) -> None:
    live = scene.live()
    scene.stands(live=True)
    second, refused = scene.live(), [scene.mock(), scene.recorded(), scene.once()]
    watch, deck = scene.watch(), scene.deck()
    for actor in refused:
        assert actor.ended() == Exit.SETTINGS
        assert actor.heard(REFUSED) and actor.heard("live publisher massive")
    assert deck.wait(15) == Exit.SETTINGS
    assert REFUSED in deck.raw.decode(errors="replace")
    watch.wait_for("[TEST 127.0.0.1")
    live.tell(signal.SIGKILL)
    wait_until(lambda: second.heard("leading SPX"), 15, "the second live publisher to lead")
    second.tell(signal.SIGKILL)
    last = scene.once()
    assert last.ended() == Exit.SETTINGS
    assert scene.seen.kinds(scene.client) == {True}
    scene.held()


def test_a_mock_deck_withdraws_when_live_begins_and_returns_only_when_asked(scene: Scene) -> None:
    deck = scene.deck()
    deck.wait_for("[MOCK]")
    scene.stands(live=False)
    live = scene.live()
    scene.stands(live=True)
    deck.wait_for("mock publisher (process")
    deck.wait_for("CHANGED")
    assert "[MOCK]" not in deck.text
    told = run(scene.folder, "check", scene.url).stdout
    assert "SOURCE CHANGED from mock to live" in told
    deck.send("s")
    deck.wait_for("changes of source acknowledged")
    wait_until(lambda: "CHANGED" not in scene.checks[-1], 5, "every reader to hear of it")
    live.tell(signal.SIGKILL)
    live.ended()
    deck.tell(signal.SIGUSR1)  # asked too soon
    wait_until(lambda: log_text(scene.folder).count("mock data withdrawn") == 2, 5, "the deck to stay away")
    assert scene.seen.kinds(scene.client) <= {True}
    scene.run_out()
    deck.tell(signal.SIGUSR1)
    scene.stands(live=False)
    told = run(scene.folder, "check", scene.url).stdout
    assert "SOURCE CHANGED from live to mock" in told
    assert "source mock" in told
    scene.held()


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.hostile) for seed in range(1, 8))])
def test_in_any_order(scene: Scene, seed: int) -> None:
    chance = random.Random(seed)
    makers: list[Callable[[], Actor | Terminal]] = [
        scene.live, scene.live, scene.mock, scene.recorded, scene.once, scene.deck, scene.watch,
    ]  # fmt: skip
    chance.shuffle(makers)
    actors: list[Actor | Terminal] = []
    for make in makers:
        actors.append(make())
        threading.Event().wait(chance.choice((0.0, 0.5, 1.5)))
    wait_until(lambda: True in scene.seen.kinds(scene.client), 20, "live data")
    threading.Event().wait(3)
    chance.shuffle(actors)
    for actor in actors:
        number = chance.choice((signal.SIGTERM, signal.SIGKILL))
        if isinstance(actor, Actor) or not actor.ended():
            actor.tell(number)
        threading.Event().wait(chance.choice((0.0, 1.0)))
    threading.Event().wait(2)
    scene.held()
