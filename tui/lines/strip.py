"""The two top lines, which never move: who and how alive, and the worst thing that is true."""

from msgspec import Struct

from chain.model.kinds import UNKNOWN, kind_word
from chain.model.session import new_york
from chain.monitor.board import Board
from chain.monitor.evaluate.feed import DELAYED, feed_words, feeding
from chain.monitor.evaluate.report import HealthReport
from chain.monitor.evaluate.rules.rule import blind_since
from chain.monitor.heartbeat import WITHDRAWN
from chain.monitor.states import DeckState, State
from tui.lines import figures
from tui.lines.alerts import alerts_count
from tui.lines.line import Ground, Line, Role, Span, justify, left, length
from tui.ports.alerts import NO_ALERTS, AlertsShown

STATE_ROLE = {
    DeckState.OK: Role.OK,
    DeckState.STARTING: Role.DIM,
    DeckState.WARNING: Role.CAUTION,
    DeckState.PARTIAL_DEGRADATION: Role.CAUTION,
    DeckState.DEGRADED: Role.ALARM,
    DeckState.CRITICAL: Role.ALARM,
}
_ROTOR = ("●··", "·●·", "··●", "·●·")


def badge(board: Board) -> str:
    """Return where the data come from, in brackets: `[MOCK]`, `[LIVE]`, `[SOURCE ?]` where nobody says."""
    recorded = [record for record in board.chains.records if record.last_good and record.last_good.kind]
    words = dict.fromkeys(record.source_word for record in recorded)
    if len(recorded) < len(board.chains.records) or not words:  # for the rest the publishers speak, where there are any
        sources = [p.heartbeat.source for p in board.publishers.known if p.heartbeat.status != WITHDRAWN]
        words |= dict.fromkeys(kind_word(source.kind, source.detail) for source in sources)
        if board.chains.records and not sources:
            words |= {kind_word(UNKNOWN): None}
    return f"[{'+'.join(words)}]" if words else ""


class Past(Struct, frozen=True):
    """That what is shown is of the past, and what stands beside it.

    `at` is the instant as a time of day, `when` with its zone, and its date where that is not today's; `kept` says
    where the past is kept. `live` is the report of the present, `present` what that is called, `live` or `replay`, and
    `now_s` its time, epoch seconds, by which ages are counted: None where there is no present.
    """

    at: str
    when: str
    kept: str
    live: HealthReport | None = None
    now_s: float | None = None
    present: str = "live"


def as_of(at: str) -> list[Span]:
    """Return that what is shown is of the past, as a patch that nothing live has; nothing without a time."""
    return [Span(f" AS OF {at} ", Role.STRONG, Ground.CURSOR)] if at else []


def identity(
    report: HealthReport | None,
    underlying: str,
    polls: int,
    width: int,
    *,
    frozen: str = "",
    past: Past | None = None,
) -> Line:
    """Return line one. `polls` counts finished polls: its rotor stands still when the poll loop does."""
    if report is None:
        return justify([Span(" chaindeck  starting", Role.STRONG)], [], width, Ground.BAR)
    board = report.board
    program = Span(" chaindeck ", Role.STRONG)
    whose = badge(board)
    start = [program, Span(f" {whose} " if whose else " ", Role.BADGE), *as_of(past.when if past else "")]
    start += _own_recorder(board) if past is None else _recording_still(past.live)
    if frozen:
        start.append(Span(f" FROZEN {frozen} ", Role.CAUTION))
    end = _present(report, polls) if past is None else _beside(past, polls, width)
    spot = [Span(f" {underlying} ", Role.STRONG), Span(f"{spot_text(report, underlying)}  ", Role.TEXT)]
    if not board.chains.records:
        spot = []
    if past is not None and length([*start, *spot, *end]) > width:
        del start[0]  # that this is the past comes before the program's name, and before the clock of the present
        end = end if length([*start, *end]) <= width else []
    away = not board.redis.health.ok
    if away:
        if start[0] is program and length(start) + length(end) + len(board.redis.label) + 2 > width:
            del start[0]  # the program's name is the least of what is to be known now
        start.append(Span(_away(board, width - length(start) - length(end)), Role.ALARM))
    if not away or length([*start, *spot, *end]) <= width:
        start += spot
    quiet = ("" if away else _redis(board), _recorder(board), _record(board), _market(board), _feed(board))
    told = sorted((*(Span(text, Role.DIM) for text in quiet), _publish(report)), key=lambda span: span.role is Role.DIM)
    for span in told:  # what is wrong before what is as it should be
        if span.text and length(start) + length(end) + len(span.text) + 2 <= width:
            start.append(span._replace(text=f"{span.text}  "))
    return justify(start, end, width, Ground.BAR)


def _present(report: HealthReport, polls: int) -> list[Span]:
    """Return the clock of what is shown: ours, or that of the replay that is watched."""
    played_s = report.played_s
    if played_s is None:
        return _clock_and_rotor(report.now.wall_s, polls)
    return [Span(f"{report.board.present} ", Role.DIM), *_clock_and_rotor(played_s, polls)]


def _clock_and_rotor(now_s: float, polls: int) -> list[Span]:
    rotor = Span(_ROTOR[polls % len(_ROTOR)] + " ", Role.ACCENT)
    return [Span(f"{new_york(now_s):%H:%M:%S} ET ", Role.TEXT), rotor]


def _beside(past: Past, polls: int, width: int) -> list[Span]:
    """Return what stands at the right while the past is shown: the clock of the present, or the tape where none is."""
    if past.now_s is None:
        return [Span(f" {left(past.kept, width // 3).rstrip()} ", Role.BADGE)]
    return [Span(f"{past.present} ", Role.DIM), *_clock_and_rotor(past.now_s, polls)]


def trouble(report: HealthReport | None, width: int, past: Past | None = None, alerts: AlertsShown = NO_ALERTS) -> Line:
    """Return line two: the state, and the root cause with its beginning; or calm. Of the past, beside the present's.

    How many alerts are raised stands at its end.
    """
    count = alerts_count(alerts)
    return (*_states(report, max(0, width - length(count)), past), *count)


def _states(report: HealthReport | None, width: int, past: Past | None) -> Line:
    if past is None:
        return _trouble(report, width)
    then = Span(" then", Role.DIM)
    end = [] if past.now_s is None else [_live(past.live, past.present)]
    return (then, *_trouble(report, max(0, width - length([then, *end])), terse=True), *end)


def _live(report: HealthReport | None, present: str) -> Span:
    """Return how the present stands, in a word and how many signals."""
    if report is None:
        return Span(f" {present}: not read yet ", Role.DIM)
    count = len(report.signals)
    many = "" if not count else f" {count} signal{'s' if count > 1 else ''}"
    return Span(f" {present}: {report.state}{many} ", STATE_ROLE[report.state])


def _trouble(report: HealthReport | None, width: int, *, terse: bool = False) -> Line:
    if report is None or (report.board.redis.health.asked is None and not report.signals):
        return justify([Span(" waiting for the first poll", Role.DIM)], [], width)
    role = STATE_ROLE[report.state]
    if not report.signals:
        count = len(report.statuses)
        words = f"{f'all {count} chains' if count > 1 else '1 chain'} fresh, {report.sources}"
        return justify([Span(f" {report.state} ", role), Span(f" {words}", Role.DIM)], [], width)
    cause = report.signals[0]
    since = " " if cause.since is None else f" {_begun(cause.since, report)} "
    many = f"{len(report.signals)} signals " if len(report.signals) > 1 else ""
    ground = Ground.ALARM if role is Role.ALARM else Ground.PLAIN
    start = [Span(f" {report.state} ", role, ground), Span(f" {cause.text}", role)]
    end = [Span(since, role), Span(many, Role.DIM)]
    gravest = max(report.signals, key=lambda told: told.severity.rank)
    if gravest.severity is not cause.severity:  # what it costs, where there is room for all of it
        cost = Span(f"; {gravest.text}", role)
        start += [cost] if length([*start, cost, *end]) <= width else []
    for part in (1, 0) if terse else ():  # the present stands beside it, and takes its room
        if length([*start, *end]) > width:
            end[part] = Span(" ")
    return justify(start, end, width)


def _begun(at_s: float, report: HealthReport) -> str:
    return (
        f"for {_lasted(at_s, report)}"
        if _by_its_own_clock(report)
        else f"since {figures.since(at_s, report.now.wall_s)}"
    )


def seen(at_s: float, report: HealthReport) -> str:
    """Return when this watcher saw something: a time of day, or how long ago where a replay's clock is on screen."""
    return f"{_lasted(at_s, report)} ago" if _by_its_own_clock(report) else figures.clock(at_s)


def _by_its_own_clock(report: HealthReport) -> bool:
    return report.played_s is not None


def _lasted(at_s: float, report: HealthReport) -> str:
    return figures.elapsed(report.now.wall_s - at_s)


def spot_text(report: HealthReport, underlying: str) -> str:
    """Return an underlying's newest price; with its age where it is of a snapshot that is stale or lost."""
    spot = report.spot(underlying)
    if spot is None:
        return figures.MISSING
    if spot.current:
        return figures.level(spot.value)
    why = State.FUTURE if spot.state is State.FUTURE else f"{figures.how_old(spot.age_s)} old"
    return f"{figures.level(spot.value)} ({why})"


def _redis(board: Board) -> str:
    ping = "no answer" if board.redis.health.ping_ms is None else f"{board.redis.health.ping_ms:.1f} ms"
    return f"{_named(board)} {ping}"


def _named(board: Board) -> str:
    """Return which Redis it is, or was; a tape need not say."""
    return f"redis {board.redis.label}".rstrip()


def _away(board: Board, room: int) -> str:
    """Return which Redis does not answer, in the room that there is: its address is what is needed now."""
    if board.redis.health.is_damaged_tape:
        return left(" damaged here ", max(0, min(room, 14)))
    name, label = _named(board), board.redis.label or "redis"
    forms = (f" {name} no answer ", f" {label} no answer ", f" {label} ")
    return next((form for form in forms if len(form) <= room), left(forms[-1], room) if room > 0 else "")


def _own_recorder(board: Board) -> list[Span]:
    """Return that this deck records, since when, and how large its tape is by now."""
    recorder = board.recorder
    if recorder is None or not recorder.here:
        return []
    role = Role.CAUTION if recorder.beat.error else Role.STRONG
    return [Span(f" REC since {new_york(recorder.beat.since):%H:%M}{_size(recorder.beat.size)} ", role, Ground.CURSOR)]


def _recording_still(live: HealthReport | None) -> list[Span]:
    """Return that this deck goes on to record while the past is shown, and how large its tape is by now."""
    recorder = live.board.recorder if live else None
    if recorder is None or not recorder.here:
        return []
    role = Role.CAUTION if recorder.beat.error else Role.STRONG
    return [Span(f" REC{_size(recorder.beat.size)} ", role, Ground.CURSOR)]


def _recorder(board: Board) -> str:
    """Return where what is answered is recorded, by this deck or by another program."""
    recorder = board.recorder
    if recorder is None or not recorder.alive or not recorder.beat.tape:
        return ""
    name = recorder.beat.tape.rpartition("/")[2]
    return f"in {name}" if recorder.here else f"recorded in {name}{_size(recorder.beat.size)}"


def _size(size: int | None) -> str:
    return "" if size is None else f", {size / 1e6:.1f} MB"


def _record(board: Board) -> str:
    return "; ".join(p.heartbeat.source.record for p in board.publishers.known if p.heartbeat.source.record)


def _market(board: Board) -> str:
    """The market's state in the vendor's word, where it is not simply open."""
    words = {p.heartbeat.source.market for p in board.publishers.known if p.alive} - {"", "open"}
    return f"market {'/'.join(sorted(words))}" if words else ""


def _feed(board: Board) -> str:
    """That live data come without their stream, or with one that is late; where it is as it should be, nothing."""
    publisher = feeding(board)
    if publisher is not None:
        feed = publisher.heartbeat.feed
        return f"stream {DELAYED}" if feed is not None and feed.delayed else ""
    return f"stream {words}" if (words := feed_words(board)) else ""


def _publish(report: HealthReport) -> Span:
    """Return what the publisher does, in the role of what that means: no news of it is no good news."""
    board = report.board
    living = [p.heartbeat.chain for p in board.publishers.known if p.alive and p.heartbeat.status != WITHDRAWN]
    if blind_since(board, report.now) is not None:
        return Span(" publisher not known", Role.CAUTION)
    if not living:
        waiting = report.state is DeckState.STARTING
        return Span("no publisher", Role.DIM if waiting else Role.ALARM)
    plan = living[0]
    done = len(plan.expected) - len(plan.failures)
    cycle = "-" if plan.cycle_ms is None else f"{plan.cycle_ms:.0f} ms"
    standby = ", standby ready" if board.publishers.standbys else ""
    role = Role.DIM if not plan.failures else Role.CAUTION if done else Role.ALARM
    text = f"publish {plan.thresholds.interval_s:g} s, cycle {cycle}, {done}/{len(plan.expected)}{standby}"
    return Span(text, role)
