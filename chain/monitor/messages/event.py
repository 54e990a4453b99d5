"""An event: one signal raised or ended, in the health collector's envelope."""

from typing import Annotated

from msgspec import Meta, Struct

from chain.monitor.messages.fields import DeckWord, LevelWord, SignalName, Since, Sources, promise


class EventData(Struct, frozen=True):
    """The signal that an event is about, and the deck's state at the time."""

    name: SignalName
    severity: DeckWord
    text: str
    since: Since
    subject: Annotated[str, Meta(description="the underlying concerned, empty for the whole deck")]
    state: DeckWord
    sources: Sources = ""


class EventMessage(Struct, frozen=True, forbid_unknown_fields=True):
    """An event's envelope."""

    ts: float
    ts_iso: Annotated[str, promise(format="date-time")]
    type: Annotated[
        str,
        promise(pattern="^chain_[a-z_]+$", description="chain_ and the signal's name; _recovered at its end"),
    ]
    severity: LevelWord
    service: str
    message: str
    data: EventData
