"""States and flags as the board writes them."""

from collections.abc import Mapping, Sequence

from chain.model.kinds import RECORDED
from chain.monitor.states import Flag, State
from tui.lines.line import Role

STATE_ROLE = {
    State.FRESH: Role.OK,
    State.AGING: Role.CAUTION,
    State.STALE: Role.ALARM,
    State.FUTURE: Role.CAUTION,
    State.INVALID: Role.ALARM,
    State.DANGLING: Role.ALARM,
    State.MISSING: Role.ALARM,
    State.UNREACHABLE: Role.ALARM,
}
SOURCE_FLAGS = tuple(Flag(kind.upper()) for kind in RECORDED)
# Each flag as a short word, and as a letter for where the words do not fit: a word is never cut.
FLAGS: Mapping[Flag, tuple[str, str]] = {
    Flag.FAILING: ("FAIL", "F"),
    Flag.PARTIAL: ("PART", "P"),
    Flag.OLD_SOURCE: ("OLD", "O"),
    Flag.ROLLED_BACK: ("BACK", "B"),
    Flag.PAST_DATED: ("PAST", "X"),
    Flag.DELAYED: ("DLY", "D"),
    **{flag: (flag.value, flag.value[0]) for flag in SOURCE_FLAGS},
    Flag.SOURCE_UNKNOWN: ("SRC?", "?"),
    Flag.SOURCE_CHANGED: ("CHANGED", "S"),
    Flag.OFF_HOURS: ("OFF", "H"),
}


def words_within(flags: Sequence[Flag], room: int) -> str | None:
    """Return flags as short words; None where they do not fit."""
    words = " ".join(FLAGS[flag][0] for flag in flags)
    return words if len(words) <= room else None


def flags_within(flags: Sequence[Flag], room: int) -> str:
    """Return flags as short words, else as letters, whichever fits whole; `+` where not even all letters do."""
    words = words_within(flags, room)
    letters = "".join(FLAGS[flag][1] for flag in flags)
    if words is not None:
        return words
    return letters if len(letters) <= room else f"{letters[: max(0, room - 1)]}+"
