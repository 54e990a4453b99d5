"""What one connection is subscribed to, and what to ask for next. Pure.

A topic is a kind and a contract: `Q.O:SPXW260102C06930000`. One request is under way at a time, about topics of one
kind. A subscription that is held already is not confirmed again, so a missing answer is no failure: what is unanswered
for long enough counts as granted.
"""

from collections.abc import Iterable, Sequence
from enum import Enum
from itertools import islice

from msgspec import Struct

from publisher.massive.stream.subscriptions import MAX_QUOTES, QUOTE, TRADE

CHUNK = 200  # topics in one message, about 5 kB
CONFIRM_S = 5.0  # the longest wait for answers to a subscription
_KIND_WORDS = {QUOTE: "quotes", TRADE: "trades"}


class Verb(Enum):
    """What to ask for."""

    AUTHENTICATE = "auth"
    SUBSCRIBE = "subscribe"
    UNSUBSCRIBE = "unsubscribe"


class Request(Struct, frozen=True):
    """Something to send; topics of one kind."""

    verb: Verb
    topics: tuple[str, ...] = ()


class Topics:
    """The topics wanted, held and refused, in monotonic seconds. A kind that is refused stays so over connections."""

    def __init__(self, max_quotes: int = MAX_QUOTES) -> None:
        self.changes = 0  # of what is held, so that nobody need compare
        self.refused_kinds: frozenset[str] = frozenset()  # of which the plan includes nothing
        self._max_quotes = max_quotes
        self._wanted: dict[str, None] = {}  # in order of priority
        self._held: set[str] = set()
        self._refused: set[str] = set()
        self._granted_kinds: set[str] = set()
        self._asked: Request | None = None  # that has not been answered in full
        self._unanswered: set[str] = set()
        self._asked_at = 0.0

    @property
    def held(self) -> frozenset[str]:
        """The topics that are subscribed to."""
        return frozenset(self._held)

    @property
    def unanswered_until(self) -> float:
        """When a request that is under way counts as granted; infinity where none is."""
        return self._asked_at + CONFIRM_S if self._asked else float("inf")

    @property
    def all_refused(self) -> bool:
        """Whether the plan includes nothing of what is wanted."""
        return {kind_of(topic) for topic in self._wanted} <= self.refused_kinds

    def want(self, topics: Iterable[str]) -> None:
        """Change what is wanted; in order of priority."""
        self._wanted = dict.fromkeys(topics)

    def clear(self) -> None:
        """Begin with a connection that holds nothing."""
        self._change(dropped=self.held)
        self._refused.clear()
        self._granted_kinds.clear()
        self._asked, self._unanswered = None, set()

    def next_request(self, now: float) -> Request | None:
        """Return what to ask for next, at most one thing at a time.

        What is new is subscribed to before what is no longer wanted is let go, as far as the vendor's cap leaves room.
        """
        if not self._is_answered(now):
            return None
        request = self._request()
        if request is not None:
            self._asked, self._asked_at, self._unanswered = request, now, {*request.topics}
            if request.verb is Verb.UNSUBSCRIBE:
                self._change(dropped=request.topics)
        return request

    def grant(self, topics: Sequence[str]) -> None:
        """Note that topics are subscribed to."""
        ours = [topic for topic in topics if topic in self._unanswered]
        self._change(added=ours)
        self._unanswered.difference_update(ours)
        self._granted_kinds.update(map(kind_of, ours))

    def let_go(self, topics: Sequence[str]) -> None:
        """Note that subscriptions have ended."""
        self._unanswered.difference_update(topics)

    def refuse(self, topics: Sequence[str]) -> bool:
        """Note that topics are refused, all that is unanswered where none are named; return whether any was asked for.

        A kind of which nothing is granted is given up.
        """
        if self._asked is None or self._asked.verb is not Verb.SUBSCRIBE:
            return False
        refused = {*topics} & self._unanswered if topics else set(self._unanswered)
        self._refused |= refused
        self._unanswered -= refused
        kind = kind_of(self._asked.topics[0])
        if not self._unanswered and kind not in self._granted_kinds:
            self.refused_kinds |= {kind}
        return True

    def forget_refused_kinds(self) -> None:
        """Ask for every kind again: the host, or the plan, may be another."""
        self.refused_kinds = frozenset()

    @property
    def limits(self) -> str:
        """What the vendor leaves out, in words; "" if nothing."""
        kinds = " and ".join(_KIND_WORDS.get(kind, kind) for kind in sorted(self.refused_kinds))
        single = sum(kind_of(topic) not in self.refused_kinds for topic in self._refused)
        told = (
            f"the plan of this API key includes no {kinds} on the stream" if kinds else "",
            f"{single} subscription{'s' if single > 1 else ''} refused" if single else "",
        )
        return "; ".join(filter(None, told))

    def _change(self, added: Iterable[str] = (), dropped: Iterable[str] = ()) -> None:
        """Change what is held."""
        self._held.update(added)
        self._held.difference_update(dropped)
        self.changes += 1

    def _is_answered(self, now: float) -> bool:
        """Whether the last request is done with: answered, or unanswered for long enough to count as granted."""
        if self._asked is None:
            return True
        if self._unanswered and now - self._asked_at < CONFIRM_S:
            return False
        if self._asked.verb is Verb.SUBSCRIBE:
            self._change(added=self._unanswered)
        self._asked = None
        return True

    def _request(self) -> Request | None:
        missing = [topic for topic in self._wanted if self._can_ask(topic)]
        surplus = sorted(self._held - self._wanted.keys())
        if not missing:
            return _of_one_kind(Verb.UNSUBSCRIBE, surplus, CHUNK)
        room = CHUNK
        if kind_of(missing[0]) == QUOTE:
            room = self._max_quotes - sum(kind_of(topic) == QUOTE for topic in self._held)
            if room <= 0:
                return _of_one_kind(Verb.UNSUBSCRIBE, [t for t in surplus if kind_of(t) == QUOTE], CHUNK)
        return _of_one_kind(Verb.SUBSCRIBE, missing, min(room, CHUNK))

    def _can_ask(self, topic: str) -> bool:
        known = topic in self._held or topic in self._refused
        return not known and kind_of(topic) not in self.refused_kinds


def kind_of(topic: str) -> str:
    """Return the kind of a topic, `Q.` or `T.`."""
    return topic[: len(QUOTE)]


def _of_one_kind(verb: Verb, topics: Sequence[str], most: int) -> Request | None:
    """Return a request about the first topics that share the first one's kind; None where there are none."""
    if not topics:
        return None
    kind = kind_of(topics[0])
    return Request(verb, tuple(islice((topic for topic in topics if kind_of(topic) == kind), most)))
