"""The state of the stream with the vendor, over all its connections: how far one has come, and what ends it. Pure.

What happens goes in with its instant; `due` gives what to send, `late` why a connection should be given up, and `ended`
how long to wait before the next. Without real-time rights the real-time host authenticates, then refuses: the delayed
host is asked instead.
"""

from collections.abc import Iterable
from enum import Enum

from chain.clock import Instant
from publisher.massive.api.faults import FaultKind, VendorError
from publisher.massive.stream.backoff import ALIVE_S, HOPELESS, Backoff
from publisher.massive.stream.protocol import Meaning, Status
from publisher.massive.stream.topics import Request, Topics, Verb

ANSWER_S = 10.0  # the longest wait for the greeting and for the answer to the key, together
_FAULT_OF = {
    Meaning.BAD_KEY: FaultKind.BAD_KEY,
    Meaning.AUTH_LATE: FaultKind.TIMEOUT,
    Meaning.NO_STREAM: FaultKind.PLAN,
    Meaning.TOO_MANY_CONNECTIONS: FaultKind.CONNECTIONS,
}


class Stage(Enum):
    """How far a connection has come."""

    CLOSED = "closed"
    OPEN = "open"  # waits for the greeting
    GREETED = "greeted"  # the key may be sent
    ASKED = "asked"  # waits for the answer to the key
    READY = "ready"


_ON_THE_WAY = (Stage.OPEN, Stage.GREETED, Stage.ASKED)


class SwitchHostError(Exception):
    """The connection ends because the other host is to be asked."""


class Session:
    """The state machine. `can_be_delayed`: whether a host with delayed data is known to turn to."""

    def __init__(
        self,
        *,
        delayed: bool = False,
        can_be_delayed: bool = True,
        topics: Topics | None = None,
        backoff: Backoff | None = None,
    ) -> None:
        self.stage = Stage.CLOSED
        self.since: float | None = None  # epoch seconds at which the stage began
        self.delayed = delayed
        self.attempts = 0  # to connect
        self.topics = topics or Topics()
        self._can_be_delayed = can_be_delayed and not delayed
        self._backoff = backoff or Backoff()
        self._note = ""  # what the vendor said on this connection that we do not know
        self._opened = 0.0  # monotonic seconds
        self._ready = float("inf")  # monotonic seconds

    def want(self, topics: Iterable[str]) -> None:
        """Change what is wanted; in order of priority."""
        self.topics.want(topics)

    def opened(self, now: Instant) -> None:
        """Begin with a connection that was just opened."""
        self.topics.clear()
        self._note, self._opened = "", now.mono
        self._enter(Stage.OPEN, now)

    def on_status(self, status: Status, now: Instant) -> None:
        """Take a status event; raises VendorError or SwitchHostError where it is the end of the connection."""
        fault = _FAULT_OF.get(status.meaning)
        if fault is not None:
            raise VendorError(fault, status.text if fault is FaultKind.PLAN else "")
        match status.meaning:
            case Meaning.CONNECTED if self.stage is Stage.OPEN:
                self._enter(Stage.GREETED, now)
            case Meaning.AUTHENTICATED if self.stage in _ON_THE_WAY:
                self._ready = now.mono
                self._enter(Stage.READY, now)
            case Meaning.SUBSCRIBED:
                self.topics.grant(status.topics)
            case Meaning.UNSUBSCRIBED:
                self.topics.let_go(status.topics)
            case Meaning.NO_REAL_TIME if not self.delayed:
                self._turn_to_delayed(status.text)
            case Meaning.NOT_AUTHORIZED | Meaning.NO_REAL_TIME:  # the delayed host has no quotes
                self._refuse(status)
            case Meaning.OTHER if status.failed:
                self._note = status.text

    def due(self, now: Instant) -> Request | None:
        """Return the next thing to send, one at a time: the next follows when it is answered, or not in time."""
        if self.stage is Stage.GREETED:
            self._enter(Stage.ASKED, now)
            return Request(Verb.AUTHENTICATE)
        return self.topics.next_request(now.mono) if self.stage is Stage.READY else None

    def late(self, now: Instant) -> VendorError | None:
        """Return why the connection should be given up: a greeting or an answer to the key that does not come."""
        if self.stage not in _ON_THE_WAY or now.mono - self._opened < ANSWER_S:
            return None
        what = "no greeting" if self.stage is Stage.OPEN else "no answer to the key"
        return VendorError(FaultKind.TIMEOUT, f"the stream is connected, then silent: {what}")

    @property
    def next_look(self) -> float:
        """Monotonic seconds at which `due` and `late` may have something to say without anything happening."""
        return self._opened + ANSWER_S if self.stage in _ON_THE_WAY else self.topics.unanswered_until

    def is_proven(self, now: Instant) -> bool:
        """Whether the connection has lived for so long that what ended the last one is over."""
        return self._lived_s(now) >= ALIVE_S

    def cause_of_end(self, fault: VendorError) -> VendorError:
        """Return why a connection was closed: a limit on connections shows only after a subscription."""
        if fault.kind is FaultKind.CONNECTIONS and self.stage is not Stage.READY:
            return VendorError(FaultKind.BROKEN, "it was closed before the key was accepted")
        return fault

    def ended(self, fault: VendorError | None, now: Instant) -> float:
        """Note the end of a connection, or of an attempt; return how many seconds to wait before the next.

        Without a fault the other host is asked, at once.
        """
        self._backoff.lived(self._lived_s(now))
        self.topics.clear()
        self._enter(Stage.CLOSED, now)
        if fault is None:
            return 0.0
        if fault.kind in HOPELESS:
            self.topics.forget_refused_kinds()
        return self._backoff.wait_s(fault.kind)

    @property
    def limits(self) -> str:
        """What the vendor leaves out, and what it said that we do not know, in words; "" if nothing."""
        told = (self.topics.limits, f"the vendor says: {self._note}" if self._note else "")
        return "; ".join(filter(None, told))

    def _lived_s(self, now: Instant) -> float:
        """Return how long the connection has lived since it was authenticated, seconds."""
        return now.mono - self._ready if self.stage is Stage.READY else 0.0

    def _enter(self, stage: Stage, now: Instant) -> None:
        self.stage, self.since = stage, now.wall_s

    def _refuse(self, status: Status) -> None:
        """Take a refusal; where nothing at all is granted, the delayed host is asked, or the plan is at fault."""
        if not self.topics.refuse(status.topics):
            self._note = status.text
        elif self.topics.all_refused:
            self._turn_to_delayed(status.text)

    def _turn_to_delayed(self, text: str) -> None:
        if not self._can_be_delayed:
            raise VendorError(FaultKind.PLAN, text)
        self.delayed, self._can_be_delayed = True, False
        self.topics.forget_refused_kinds()
        raise SwitchHostError
