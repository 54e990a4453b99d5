"""What a hook reads on its standard input: one alert, and what there is to tell of it since it last ran."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from chain.monitor.messages.fields import Count, Epoch

KindWord = Annotated[
    str,
    Meta(description="of the source: massive (live), mock, capture, replay, unknown; mixed where there are several"),
]
SourceWords = Annotated[str, Meta(description="the same in words, as on screen; empty where all of it is live")]


class AlertEventBody(Struct, frozen=True):
    """One subject of the alert that was raised, or is over."""

    event: Literal["raised", "cleared"]
    subject: Annotated[str, Meta(description="SPX 2026-01-02, SPX, or a signal and its underlying: stale SPX")]
    text: Annotated[str, Meta(description="in one line, with its source where that is not live")]
    value: Annotated[float | None, Meta(description="null where what is watched is no number, or has none any more")]
    unit: str
    kind: KindWord
    source: SourceWords
    since: Annotated[Epoch, Meta(description="epoch seconds at which it was first seen beyond its limit")]
    at: Annotated[Epoch, Meta(description="epoch seconds of this event")]


class AlertBody(Struct, frozen=True, kw_only=True):
    """One alert, with its events since the hook last ran, oldest first."""

    schema: Literal[1] = 1
    alert: Annotated[str, Meta(description="its name in the config file")]
    on: Annotated[str, Meta(description="age, state, signal, spot, depth, or a measure's name")]
    above: float | None
    below: float | None
    clear: Annotated[float | None, Meta(description="the value at which it is over; null where it watches no number")]
    text: Annotated[str, Meta(description="all events in one line, with their sources where those are not live")]
    kind: KindWord
    source: SourceWords
    redis: Annotated[str, Meta(description="which Redis, without user and password")]
    prefix: Annotated[str, Meta(description="what the contract's keys begin with")]
    events: Annotated[list[AlertEventBody], Meta(min_length=1)]
    left_out: Annotated[Count, Meta(description="older events that were too many to keep")]
