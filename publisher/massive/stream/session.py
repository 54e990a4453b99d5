"""The state of one stream with the vendor, over all its connections: what to ask for next, when to connect again. Pure.

What happens goes in with its instant; `due` gives what to send, and `late` why a connection should be given up. The
rules of the vendor that it keeps:

- Authentication is no sign of success: over its limit of connections the vendor lets a client authenticate and
  subscribe before it ends one. Back-off begins anew only after a connection that lived `ALIVE_S`.
- A subscription that is held already is not confirmed again, so a missing answer is no failure.
- Without real-time rights the real-time host authenticates, then refuses: the delayed host is asked instead.
"""

import random
from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from itertools import islice

from msgspec import Struct

from chain.clock import Instant
from publisher.massive.api.faults import FaultKind, VendorError
from publisher.massive.stream.protocol import Meaning, Status
from publisher.massive.stream.subscriptions import MAX_QUOTES, QUOTE, TRADE

CHUNK = 200  # topics in one message, about 5 kB
ANSWER_S = 10.0  # the longest wait for a greeting, and for the answer to the key
CONFIRM_S = 5.0  # the longest wait for answers to a subscription
ALIVE_S = 10.0  # a connection that lived this long after it was authenticated has proved itself
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 60.0
LIMIT_WAIT_S, LIMIT_LONGEST_S = 60.0, 600.0  # after another connection of the account took our place
HOPELESS_WAIT_S = 900.0  # for a key or a plan, which somebody must change first
_HOPELESS = frozenset({FaultKind.BAD_KEY, FaultKind.PLAN})
_FAULT_OF = {
    Meaning.BAD_KEY: FaultKind.BAD_KEY,
    Meaning.AUTH_LATE: FaultKind.TIMEOUT,
    Meaning.NO_STREAM: FaultKind.PLAN,
    Meaning.TOO_MANY_CONNECTIONS: FaultKind.CONNECTIONS,
}
_KIND_WORDS = {QUOTE: "quotes", TRADE: "trades"}


class Stage(Enum):
    """How far a connection has come."""

    CLOSED = "closed"
    OPEN = "open"  # waits for the greeting
    GREETED = "greeted"  # waits for the answer to the key
    READY = "ready"


class Verb(Enum):
    """What to ask for."""

    AUTHENTICATE = "auth"
    SUBSCRIBE = "subscribe"
    UNSUBSCRIBE = "unsubscribe"


class Request(Struct, frozen=True):
    """Something to send; topics of one kind."""

    verb: Verb
    topics: tuple[str, ...] = ()


class SwitchHostError(Exception):
    """The connection ends because the other host is to be asked."""


class Session:
    """The state machine. `can_be_delayed`: whether a host with delayed data is known to turn to."""

    def __init__(
        self,
        *,
        delayed: bool = False,
        can_be_delayed: bool = True,
        max_quotes: int = MAX_QUOTES,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.stage = Stage.CLOSED
        self.delayed = delayed
        self.attempts = 0  # to connect
        self.note = ""  # what the vendor said on this connection that we do not know
        self.refused_kinds: frozenset[str] = frozenset()
        self._can_be_delayed = can_be_delayed and not delayed
        self._max_quotes = max_quotes
        self._chance = chance
        self._failures = 0  # in a row
        self._displaced = 0  # by another connection of the account; a contest with it must become rarer and rarer
        self._entered = 0.0  # monotonic seconds at which the stage began
        self.since: float | None = None  # epoch seconds of the same
        self._wanted: dict[str, None] = {}  # topics in order of priority
        self._held: set[str] = set()
        self.changes = 0  # of what is held, so that nobody need compare
        self._refused: set[str] = set()
        self._confirmed_kinds: set[str] = set()
        self._asked: Request | None = None  # that has not been answered in full
        self._unanswered: set[str] = set()
        self._asked_at = 0.0
        self._authenticated = False

    @property
    def held(self) -> frozenset[str]:
        """The topics that are subscribed to."""
        return frozenset(self._held)

    def want(self, topics: Iterable[str]) -> None:
        """Change what is wanted; in order of priority."""
        self._wanted = dict.fromkeys(topics)

    def opened(self, now: Instant) -> None:
        """Begin with a connection that was just opened."""
        self._change(dropped=self.held)
        self._refused.clear()
        self._confirmed_kinds.clear()
        self.note = ""
        self._asked, self._unanswered, self._authenticated = None, set(), False
        self._enter(Stage.OPEN, now)

    def on_status(self, status: Status, now: Instant) -> None:
        """Take a status event; raises VendorError or SwitchHostError where it is the end of the connection."""
        fault = _FAULT_OF.get(status.meaning)
        if fault is not None:
            raise VendorError(fault, status.text if fault is FaultKind.PLAN else "")
        match status.meaning:
            case Meaning.CONNECTED if self.stage is Stage.OPEN:
                self._enter(Stage.GREETED, now)
            case Meaning.AUTHENTICATED if self.stage in (Stage.OPEN, Stage.GREETED):
                self._enter(Stage.READY, now)
            case Meaning.SUBSCRIBED:
                self._confirm(status.topics)
            case Meaning.UNSUBSCRIBED:
                self._unanswered -= {*status.topics}
            case Meaning.NO_REAL_TIME if not self.delayed:
                self._turn_to_delayed(status.text)
            case Meaning.NOT_AUTHORIZED | Meaning.NO_REAL_TIME:  # the delayed host has no quotes
                self._refuse(status.topics, status.text)
            case Meaning.OTHER if status.failed:
                self.note = status.text

    def due(self, now: Instant) -> Request | None:
        """Return the next thing to send, at most one at a time: the next follows when it is answered, or not in time.

        What is new is subscribed to before what is no longer wanted is let go, as far as the vendor's cap leaves room.
        """
        if self.stage is Stage.GREETED and not self._authenticated:
            self._authenticated = True
            return Request(Verb.AUTHENTICATE)
        if self.stage is not Stage.READY or not self._is_answered(now):
            return None
        request = self._next_request()
        if request is not None:
            self._asked, self._asked_at, self._unanswered = request, now.mono, {*request.topics}
            if request.verb is Verb.UNSUBSCRIBE:
                self._change(dropped=request.topics)
        return request

    def late(self, now: Instant) -> VendorError | None:
        """Return why the connection should be given up: a greeting or an answer to the key that does not come."""
        waited = now.mono - self._entered
        if waited < ANSWER_S or self.stage not in (Stage.OPEN, Stage.GREETED):
            return None
        what = "no greeting" if self.stage is Stage.OPEN else "no answer to the key"
        return VendorError(FaultKind.TIMEOUT, f"the stream is connected, then silent: {what}")

    def is_proven(self, now: Instant) -> bool:
        """Whether the connection has lived for so long that what ended the last one is over."""
        return self.stage is Stage.READY and now.mono - self._entered >= ALIVE_S

    @property
    def next_look(self) -> float:
        """Monotonic seconds at which `due` and `late` may have something to say without anything happening."""
        if self.stage in (Stage.OPEN, Stage.GREETED):
            return self._entered + ANSWER_S
        return self._asked_at + CONFIRM_S if self._asked else float("inf")

    def cause_of_end(self, fault: VendorError) -> VendorError:
        """Return why a connection was closed: a limit on connections shows only after a subscription."""
        if fault.kind is FaultKind.CONNECTIONS and self.stage is not Stage.READY:
            return VendorError(FaultKind.BROKEN, "it was closed before the key was accepted")
        return fault

    def ended(self, fault: VendorError | None, now: Instant) -> float:
        """Note the end of a connection, or of an attempt; return how many seconds to wait before the next.

        Without a fault the other host is asked, at once.
        """
        if self.is_proven(now):
            self._failures = 0
        if self.stage is Stage.READY and now.mono - self._entered >= LIMIT_LONGEST_S:
            self._displaced = 0
        self._change(dropped=self.held)
        self._asked = None
        self._enter(Stage.CLOSED, now)
        if fault is None:
            return 0.0
        self._failures += 1
        if fault.kind is FaultKind.CONNECTIONS:
            self._displaced += 1
            return _doubled(LIMIT_WAIT_S, LIMIT_LONGEST_S, self._displaced) * (1 + self._chance() / 4)
        if fault.kind in _HOPELESS:
            self.refused_kinds = frozenset()  # by then the plan may be another
            return HOPELESS_WAIT_S
        return _doubled(FIRST_WAIT_S, LONGEST_WAIT_S, self._failures) * (0.5 + self._chance() / 2)

    @property
    def limits(self) -> str:
        """What the vendor leaves out, and what it said that we do not know, in words; "" if nothing."""
        kinds = " and ".join(_KIND_WORDS.get(kind, kind) for kind in sorted(self.refused_kinds))
        single = sum(topic[: len(QUOTE)] not in self.refused_kinds for topic in self._refused)
        told = (
            f"the plan of this API key includes no {kinds} on the stream" if kinds else "",
            f"{single} subscription{'s' if single > 1 else ''} refused" if single else "",
            f"the vendor says: {self.note}" if self.note else "",
        )
        return "; ".join(filter(None, told))

    def _enter(self, stage: Stage, now: Instant) -> None:
        self.stage, self._entered, self.since = stage, now.mono, now.wall_s

    def _change(self, added: Iterable[str] = (), dropped: Iterable[str] = ()) -> None:
        """Change what is held."""
        self._held.update(added)
        self._held.difference_update(dropped)
        self.changes += 1

    def _is_answered(self, now: Instant) -> bool:
        """Whether the last request is done with: answered, or unanswered for long enough to count as granted."""
        if self._asked is None:
            return True
        if self._unanswered and now.mono - self._asked_at < CONFIRM_S:
            return False
        if self._asked.verb is Verb.SUBSCRIBE:
            self._change(added=self._unanswered)
        self._asked = None
        return True

    def _next_request(self) -> Request | None:
        missing = [topic for topic in self._wanted if self._can_ask(topic)]
        surplus = sorted(self._held - self._wanted.keys())
        if not missing:
            return _of_one_kind(Verb.UNSUBSCRIBE, surplus, CHUNK)
        kind = missing[0][: len(QUOTE)]
        room = CHUNK
        if kind == QUOTE:
            room = self._max_quotes - sum(topic.startswith(QUOTE) for topic in self._held)
            if room <= 0:
                return _of_one_kind(Verb.UNSUBSCRIBE, [t for t in surplus if t.startswith(QUOTE)], CHUNK)
        return _of_one_kind(Verb.SUBSCRIBE, missing, min(room, CHUNK))

    def _can_ask(self, topic: str) -> bool:
        known = topic in self._held or topic in self._refused
        return not known and topic[: len(QUOTE)] not in self.refused_kinds

    def _confirm(self, topics: Sequence[str]) -> None:
        ours = [topic for topic in topics if topic in self._unanswered]
        self._change(added=ours)
        self._unanswered.difference_update(ours)
        self._confirmed_kinds.update(topic[: len(QUOTE)] for topic in ours)

    def _refuse(self, topics: Sequence[str], text: str) -> None:
        """Note that topics are refused; without names, all that is unanswered.

        A kind of which nothing is granted is given up. Where nothing at all is granted, the delayed host is asked, or
        the plan is at fault.
        """
        if self._asked is None or self._asked.verb is not Verb.SUBSCRIBE:
            self.note = text  # of nothing that was asked for
            return
        refused = {*topics} & self._unanswered if topics else set(self._unanswered)
        self._refused |= refused
        self._unanswered -= refused
        kind = self._asked.topics[0][: len(QUOTE)]
        if not self._unanswered and kind not in self._confirmed_kinds:
            self.refused_kinds |= {kind}
        if {topic[: len(QUOTE)] for topic in self._wanted} <= self.refused_kinds:
            self._turn_to_delayed(text)

    def _turn_to_delayed(self, text: str) -> None:
        if not self._can_be_delayed:
            raise VendorError(FaultKind.PLAN, text)
        self.delayed, self._can_be_delayed = True, False
        self.refused_kinds = frozenset()
        raise SwitchHostError


def _doubled(first_s: float, longest_s: float, times: int) -> float:
    return min(longest_s, first_s * 2.0 ** min(times - 1, 16))


def _of_one_kind(verb: Verb, topics: Sequence[str], most: int) -> Request | None:
    """Return a request about the first topics that share the first one's kind; None where there are none."""
    if not topics:
        return None
    kind = topics[0][: len(QUOTE)]
    return Request(verb, tuple(islice((topic for topic in topics if topic.startswith(kind)), most)))
