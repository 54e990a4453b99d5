"""Field types shared by several messages: their bounds, and what the schemas say about them."""

from typing import Annotated

from msgspec import Meta

from chain.model.keys import EPOCH_MAX_S, EPOCH_MIN_S
from chain.monitor.states import DeckState, Level, State

EXACT = 2**53  # above it, not every reader of JSON holds an integer exactly
PERIOD_S = 7 * 86_400.0


def promise(**words: object) -> Meta:
    """Return schema words that hold for what we write, but that readers do not enforce."""
    return Meta(extra_json_schema=dict(words))


Epoch = Annotated[float, Meta(ge=EPOCH_MIN_S, lt=EPOCH_MAX_S, description="epoch seconds")]
Period = Annotated[float, Meta(gt=0, le=PERIOD_S)]
Seconds = Annotated[float, Meta(ge=0)]
Count = Annotated[int, Meta(ge=0, le=EXACT)]
Underlying = Annotated[str, promise(pattern="^[A-Z0-9.^-]{1,12}$")]
ChainName = Annotated[str, promise(pattern="^[A-Z0-9.^-]{1,12} [0-9]{4}-[0-9]{2}-[0-9]{2}$")]
DateText = Annotated[str, promise(format="date")]
DeckWord = Annotated[str, promise(enum=[str(state) for state in DeckState])]
LevelWord = Annotated[str, promise(enum=[str(level) for level in Level])]
StateWord = Annotated[str, promise(enum=[str(state) for state in State])]
SignalName = Annotated[str, promise(pattern="^[a-z][a-z-]*$")]
Sources = Annotated[str, Meta(description="what kinds of source the chains come from: mock, or 12 live, 6 mock")]
Since = Annotated[float | None, Meta(description="epoch seconds; null where it was so before anybody looked")]
