"""The help as lines: keys, then what states, flags, colours and marks mean, each in its own colour."""

import textwrap
from collections.abc import Callable, Sequence
from functools import partial

from chain.model.kinds import KIND_MEANING
from chain.monitor.states import Flag, Level, State
from tui.actions.action import Action
from tui.actions.catalogue.everything import ACTIONS, together
from tui.actions.keymap import Keymap
from tui.actions.keys import PALETTE
from tui.lines.board.words import FLAGS, STATE_ROLE
from tui.lines.line import EMPTY, Ground, Line, Role, Span, left
from tui.lines.timeline import ENDED, MARKS
from tui.pages import Place, title_of

WIDTH = 74
_KEY = 14

_STATES = {
    State.FRESH: ("", "age within twice the publishing interval and 2 s"),
    State.AGING: ("·", "older than that"),
    State.STALE: ("!", "older than three intervals and 5 s"),
    State.FUTURE: (">", "stamped more than 2 s ahead of this machine's clock"),
    State.INVALID: ("x", "the payload breaks the contract; the last good one stays"),
    State.DANGLING: ("x", "the pointer names a payload that is gone"),
    State.MISSING: ("x", "expected, and no pointer is there"),
    State.UNREACHABLE: ("", "Redis does not answer: nothing is known now, ages go on"),
}
_FLAGS = {
    Flag.FAILING: "could not be published",
    Flag.PARTIAL: "contracts are missing",
    Flag.OLD_SOURCE: "data older than its stamp",
    Flag.ROLLED_BACK: "its pointer went back",
    Flag.PAST_DATED: "its date is over",
    Flag.DELAYED: "delayed quotes",
    **{Flag(kind.upper()): meaning for kind, meaning in KIND_MEANING.items()},
    Flag.SOURCE_UNKNOWN: "nobody says whose it is",
    Flag.SOURCE_CHANGED: "another kind of source",
    Flag.OFF_HOURS: "the market is closed",
}
_COLOURS = (
    (Role.OK, "well", "as it should be"),
    (Role.CAUTION, "caution", "look at it"),
    (Role.ALARM, "alarm", "act: no data to work with, or soon none"),
    (Role.UP, "▴ rose", "bid, ask or last since the snapshot before, for a moment"),
    (Role.DOWN, "▾ fell", "the same, down"),
    (Role.CALL, "calls", "bars and curves of calls"),
    (Role.PUT, "puts", "bars and curves of puts"),
    (Role.ACCENT, "accent", "where keys go, the spot, the stream's own, and that there is more than is shown"),
    (Role.BADGE, "badge", "whose data it is, and its flags"),
    (Role.DIM, "dimmed", "LAST GOOD: true at the time in the title, perhaps not now"),
)
_WORDS = (
    ("signals", "each cause with !, what follows from it under └; +n more: scroll"),
    ("age", "the worse of two: since the snapshot's own stamp, and since this deck first saw it"),
    ("ttl", "seconds until the pointer vanishes from Redis"),
    ("-", "not there, never zero"),
    ("▌", "the panel that keys go to"),
    ("●··", "moves with each poll of Redis: it stands still where nobody looks"),
    ("›", "what comes of what, in the pipeline; ‹3 4› so many columns more on either side"),
    ("…  ###", "words cut short; a figure that does not fit is never cut"),
    ("EM", "one standard deviation: spot * ATM IV * sqrt(years of 365 days)"),
)
_GRID = (
    ("[6930]", "the ATM; the dashed rule is the spot, ┃ the side in the money"),
    ("[12.60]", "on its own ground: the figure under the cursor"),
    ("x = n o", "crossed, locked, negative, one-sided: shown, and left out of every derived number"),
    ("*12.60", "of the stream, newer than the snapshot; straddle, EM and ages remain the snapshot's"),
    ("~.50", "a greek of the vendor's that is far from Black-Scholes at the vendor's own IV"),
    ("CW PW MP", "call wall and put wall: the largest net GEX of either sign; max pain. Of the slice only"),
    ("Zp Zc", "zero gamma: by the profile of total GEX over spot, and by its sum over strikes"),
    ("F", "the forward that put-call parity implies; CW+: more than there is room for"),
    ("║ ╎  1 2", "strikes within 1 and within 2 standard deviations of the forward; 1, 2: the last within"),
    ("10k-0 OI", "a full bar is 10k contracts; all bars have one scale"),
    ("Lag Traded", "how old quote and last trade were when the snapshot was made; newer: after that"),
    ("GEX $/1%", "gamma exposure of each contract in dollars per 1 % move, calls +, puts -"),
)
_HEATMAP = (
    (Span("debit", Role.STRONG), "what a position costs by the mids of its legs, in points"),
    (Span(" 1.2+ ", Role.TEXT, Ground.HEAT_3), "from 1.2 points up to the next step; each holds about as many tiles"),
    (Span("░▒▓█"), "the same where there are few colours: the denser, the dearer"),
    (Span("> 6.20<", Role.STRONG, Ground.CURSOR), "the tile that is looked at"),
    (Span("NA", Role.DIM), "the mids give a negative debit, which nobody pays"),
    (Span("-", Role.DIM), "no tile: a leg has no mid, or is not in the snapshot"),
    (Span("01-07 5d!", Role.HEAD), "an expiration whose snapshot is STALE; · AGING, x no usable one"),
)
_CHARTS = (
    (
        Span("S F Z C P", Role.TEXT),
        "under a chart the foot of a line at spot, forward, zero gamma, call wall, put wall",
    ),
    (Span("< >", Role.DIM), "one standard deviation below and above the forward; ^ the chosen expiration"),
    (Span("●", Role.ACCENT), "one figure: it stands alone, or there is room to show each that a line goes through"),
    (Span("▀ ▄ █", Role.CALL), "volume, open interest, and both: calls to the left, or net GEX above zero"),
    (Span("▀ ▄ █", Role.PUT), "the same of puts, to the right, or net GEX below zero"),
    (Span("01-07", Role.DIM), "dim: what may be true no longer; the title says LAST GOOD"),
)
_PAST = (
    (
        Span("AS OF", Role.STRONG, Ground.CURSOR),
        "what is shown was so then; the present goes on at the right of line two",
    ),
    (
        Span("LAST 9 min", Role.BADGE),
        "so far back one can go, in memory, up to so many MB (--rewind-mb)",
    ),
    (Span("─  ╎", Role.DIM), "recorded; a blank or a break: nobody looked"),
    (Span("┃  A B", Role.STRONG), "what is shown, and what is compared"),
    (Span(*MARKS[Level.CRITICAL]), "a chain or the deck became critical, or such a signal began"),
    (Span(*MARKS[Level.WARNING]), "the same, a warning"),
    (Span(*MARKS[Level.INFO]), "a change that is no trouble"),
    (Span(*ENDED), "a signal ended; of marks that share a column the gravest is drawn"),
    (Span("Mid± D±", Role.STRONG), "B less A; - where either lacks the figure, 0 where it is the same"),
)


def help_lines(keymap: Keymap, places: Sequence[Place]) -> list[Line]:
    """Return the help, at most `WIDTH` wide: keys, those of `places` first, then what words and marks mean."""
    lines: list[Line] = []
    for place in places:
        lines += [*_keys(f"KEYS: {title_of(place)}", keymap, partial(_is_first, place)), EMPTY]
    lines += _keys("KEYS", keymap, lambda action: not any(map(action.is_first, places)))
    lines += [EMPTY, _heading("STATES")]
    for state, (mark, words) in _STATES.items():
        lines += _entry(Span(f"{state} {mark}", STATE_ROLE[state]), words)
    lines += [EMPTY, _heading("FLAGS, a letter each where words do not fit"), *_flags(list(_FLAGS.items()))]
    lines += [EMPTY, _heading("COLOURS")]
    for role, sample, words in _COLOURS:
        lines += _entry(Span(sample, role), words)
    lines += [EMPTY, _heading("WORDS AND MARKS")]
    for word, words in _WORDS:
        lines += _entry(Span(word, Role.STRONG), words)
    lines += [EMPTY, _heading("STRIKE GRID")]
    for word, words in _GRID:
        lines += _entry(Span(word, Role.STRONG), words)
    for heading, legend in (("HEATMAP", _HEATMAP), ("CHARTS", _CHARTS), ("THE PAST", _PAST)):
        lines += [EMPTY, _heading(heading), *(line for sign, words in legend for line in _entry(sign, words))]
    return lines


def _keys(heading: str, keymap: Keymap, listed: Callable[[Action], bool]) -> list[Line]:
    """Return the keys of the actions that are to be listed; those shown beside others are told there."""
    lines = [_heading(heading)]
    for action in ACTIONS:
        if not action.beside and listed(action):
            keys = keymap.shown(*together(action.id)) or (PALETTE if action.title else "-")
            lines += _entry(Span(keys, Role.ACCENT), action.help)
    return lines


def _is_first(place: Place, action: Action) -> bool:
    return action.is_first(place)


def _heading(text: str) -> Line:
    return (Span(left(f" {text}", WIDTH), Role.HEAD, Ground.BAR),)


def _entry(name: Span, words: str) -> list[Line]:
    """Return a name in its own role, and what it means beside it."""
    first, *rest = textwrap.wrap(words, WIDTH - _KEY - 1)
    lines: list[Line] = [(Span(" "), name._replace(text=left(name.text, _KEY)), Span(first))]
    return [*lines, *((Span(" " * (_KEY + 1) + part),) for part in rest)]


def _flags(flags: Sequence[tuple[Flag, str]]) -> list[Line]:
    """Return the flags in two columns."""
    half = (len(flags) + 1) // 2
    cells = [
        (Span(f" {FLAGS[flag][1]} ", Role.BADGE), Span(left(f"{left(FLAGS[flag][0], 8)}{words}", WIDTH // 2 - 3)))
        for flag, words in flags
    ]
    return [(*first, *second) for first, second in zip(cells[:half], [*cells[half:], ()], strict=False)]
