"""The lines around the grid's rows: which chain and how fresh, what the ATM says, and where every contract went."""

from collections import Counter
from typing import NamedTuple

from chain.analytics.headline import Headline
from chain.analytics.measures.chain import ChainMeasures
from chain.analytics.painted import PaintedGrid
from chain.model.grid import Condition, StrikeGrid
from chain.model.session import settlement, years_to_expiry
from chain.monitor.evaluate.report import ChainStatus
from chain.monitor.states import State
from tui.lines import figures
from tui.lines.board.words import STATE_ROLE
from tui.lines.grid.annotations import INSIDE, TAGS
from tui.lines.grid.cells import APART_SIGN, CONDITION_SIGN, STREAM_SIGN
from tui.lines.line import Ground, Line, Role, Span, justify, length, right
from tui.lines.strip import as_of

_SLICED = " slice only  "
_STRIKES = frozenset({"CW", "PW", "MP"})  # tags of levels that are strikes
_YEAR_S = 365 * 86_400
_POINTS_WIDTH = 7  # digits: no underlying has more before its point


class Shown(NamedTuple):
    """How old what the grid shows is: its state, its age in seconds, and when it was frozen, epoch seconds."""

    state: State
    age_s: float | None
    frozen_at: float | None = None


def grid_title(
    grid: StrikeGrid | None,
    status: ChainStatus | None,
    badge: str,
    width: int,
    shown: Shown | None = None,
    *,
    at: str = "",
    now_s: float | None = None,
    columns: str = "",
) -> Line:
    """Return the line over the grid: which chain, how fresh, and where that is not what it should be, of when.

    `at` is the instant of the past that is shown. `now_s`, epoch seconds: on the last day, how long is left from then.
    `columns` is what the chosen columns are called, said where there is room.
    """
    end = [Span(" "), Span(badge, Role.BADGE), Span(" ")]
    if status is None:
        return justify([Span(" STRIKES ", Role.HEAD), *as_of(at)], end, width, Ground.BAR)
    chain = status.record.chain
    state = shown.state if shown else status.state
    age_s = shown.age_s if shown else status.age_s
    told = [*as_of(at), Span(f"{' ' if at else ''}{state} ", STATE_ROLE[state])]
    if shown and shown.frozen_at is not None:
        told.insert(0, Span(f"FROZEN {figures.clock(shown.frozen_at)} ", Role.CAUTION))
    if grid and is_past(state):
        told.append(Span(f"LAST GOOD {figures.clock(grid.snapshot.ts)} ", Role.CAUTION))
    told.append(Span(figures.how_old(age_s) if age_s is not None else "", Role.TEXT))
    start = [Span(f" {chain.underlying} {chain.expiry.isoformat()} ", Role.HEAD)]
    roots = "  ".join(_settles(root, status, now_s) for root in grid.roots) if grid else ""
    for words in (f"{figures.day(chain.expiry)[-3:]}  ", f"{status.dte} DTE  ", f"{roots}  " if roots else ""):
        if length([*start, *told, *end]) + len(words) <= width:
            start.append(Span(words, Role.TEXT))
    for words in (f"{columns} columns ", f"{columns} ") if columns else ():
        if length([*start, *told, *end]) + len(words) <= width:
            end.insert(1, Span(words, Role.DIM))
            break
    return justify([*start, *told], end, width, Ground.BAR)


def _settles(root: str, status: ChainStatus, now_s: float | None) -> str:
    """Return how a root settles, and on its last day how long that still takes, in hours and minutes."""
    word = settlement(root)
    if status.dte != 0 or now_s is None:
        return f"{root} {word}"
    left = years_to_expiry(status.record.chain.expiry, now_s, word, status.record.source.calendar) * _YEAR_S
    return f"{root} {word} {f'in {figures.time_left(left)}' if left else 'settled'}"


def is_past(state: State) -> bool:
    """Return whether what is shown of a chain in this state was true once, and need not be now."""
    return state not in (State.FRESH, State.AGING, State.FUTURE)


def grid_headline(grid: StrikeGrid, top: Headline, width: int, *, is_painted: bool = False) -> Line:
    """Return what the ATM says, each number with its method and how many contracts it could use.

    All of it is of the snapshot, which is said where the rows are painted over by the stream.
    """
    straddle, move = top.straddle, top.move
    start = [
        Span(" straddle ", Role.DIM),
        Span(figures.price(straddle.value), Role.STRONG),
        Span(f" {straddle.used}/{straddle.of} {straddle.method}   EM ", Role.DIM),
        Span(figures.price(move.value) if move.value is None else f"±{figures.price(move.value)}", Role.STRONG),
        Span(f" 1 SD by {move.method} {figures.percent(top.atm_iv.value)}, {move.used}/{move.of}", Role.DIM),
    ]
    of = "snapshot" if is_painted else "made"
    return justify(start, [Span(f"{of} {figures.clock(grid.snapshot.ts)} ", Role.DIM)], width)


def grid_levels(measures: ChainMeasures, width: int) -> Line:
    """Return the levels that are tagged on the strike axis, as many as fit: first those that only the slice knows of.

    Last stands the range of one standard deviation about the forward, by IV.
    """
    found = {tag: measures[name] for tag, name in TAGS.items()}
    spans: list[Span] = []
    for sliced in (True, False):
        levels = [(tag, _level(tag, each.value)) for tag, each in found.items() if each.slice_only is sliced]
        spans += _fitting([*levels, *([] if sliced else _deviation(measures))], width - length(spans))
        if sliced and length(spans) + len(_SLICED) <= width:
            spans.append(Span(_SLICED, Role.DIM))
    return justify(spans, [], width)


def _fitting(levels: list[tuple[str, str]], room: int) -> list[Span]:
    spans: list[Span] = []
    for tag, text in levels:
        pair = [Span(f" {tag} ", Role.ACCENT), Span(f"{text} ", Role.STRONG)]
        if length([*spans, *pair]) <= room:
            spans += pair
    return spans


def _level(tag: str, points: float | None) -> str:
    """Return a level as it reads: a strike as strikes do, any other always with two digits, so that none jumps."""
    if points is None:
        return figures.MISSING
    return figures.strike(points) if tag in _STRIKES else f"{points:.2f}"


def _deviation(measures: ChainMeasures) -> list[tuple[str, str]]:
    forward, move = measures["implied_forward"].value or measures.spot, measures["expected_move_iv"].value
    if forward is None or move is None:
        return []
    return [(f"{INSIDE[0]} 1 SD", f"{forward - move:.0f}-{forward + move:.0f}")]


def deviation_words(measures: ChainMeasures) -> str:
    """Return the range of one standard deviation with its sign on the strike axis, for a grid without its levels."""
    return " ".join(word for pair in _deviation(measures) for word in pair)


def stream_words(painted: PaintedGrid | None, *, hidden: bool) -> str:
    """Return what of a grid's figures is the stream's; `hidden`: the reader wants to see the snapshot alone."""
    if painted is None or not painted.streamed:
        return ""
    count = len(painted.streamed)
    if hidden:
        return f"snapshot only, {count} newer of the stream hidden (b)"
    newest = "" if painted.newest_ms is None else f", to {figures.clock(painted.newest_ms / 1000)}"
    return f"{STREAM_SIGN} {count} of the stream{newest}"


def apart_words(measures: ChainMeasures) -> str:
    """Return how many of the vendor's greeks disagree with Black-Scholes, of how many that can be compared."""
    check = measures["greeks_apart"]
    apart = check.inputs["disagree"]
    return f"{APART_SIGN} {apart:.0f} of {check.used} greeks off Black-Scholes" if apart else ""


def grid_foot(grid: StrikeGrid, width: int, stream: str = "", apart: str = "", band: str = "") -> Line:
    """Return the line that accounts for every contract of the payload, first why there is no spot if one is refused.

    `stream` says what of the figures is the stream's, `apart` how many of the vendor's greeks disagree with ours, and
    `band` what the bands beside the strikes are, where there is room.
    """
    rejected = len(grid.rejected)
    total = len(grid.legs) + rejected
    counts = Counter(leg.condition for leg in grid.legs)
    odd = sum(counts[condition] for condition in CONDITION_SIGN if condition is not Condition.ONE_SIDED)
    rows = f"{len(grid.rows)} row{'' if len(grid.rows) == 1 else 's'}"
    words = f" {total} contracts: {len(grid.legs)} in {rows}" if rejected else f" {total} contracts in {rows}"
    if rejected:
        words += f", {rejected} rejected ({grid.rejected[0].reason}{', ...' if rejected > 1 else ''})"
    if odd:
        words += f", {odd} quotes crossed, locked or negative"
    if apart:
        words += f", {apart}"
    if counts[Condition.ONE_SIDED]:
        words += f", {counts[Condition.ONE_SIDED]} one-sided"
    said = (grid.snapshot.atm, grid.snapshot.range_points)
    atm, half_width = (right(str(points), _POINTS_WIDTH).lstrip() for points in said)
    start = [Span(words, Role.DIM)]
    if stream:
        start.insert(0, Span(f" {stream};", Role.ACCENT))
    if grid.off_centre:
        start.insert(0, Span(f" {grid.off_centre};", Role.CAUTION))
    end = [Span(f"strikes {atm} ±{half_width} ", Role.DIM)]
    told = [Span(f"{band}  ", Role.DIM), *end] if band else end
    fitting = (one for one in (told, end) if length([*start, *one]) <= width)
    return justify(start, next(fitting, []), width)  # what became of contracts goes before what the board says as well
