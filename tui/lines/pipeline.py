"""The pipeline in a line: snapshot, stream, staging, model; how old each is, how fast, and how far behind."""

from collections.abc import Sequence

from chain.model.keys import ChainId
from chain.monitor.board import CompositorStatus
from chain.monitor.evaluate.feed import DELAYED, OFF, feed_words, feeding
from chain.monitor.evaluate.provenance import span_words
from chain.monitor.evaluate.report import HealthReport, stream_age_s
from chain.monitor.states import CompositorState, State, StreamState
from chain.thresholds import COMPOSITOR_BEHIND
from tui.lines import figures
from tui.lines.board.words import STATE_ROLE
from tui.lines.line import Line, Role, Span, justify, length
from tui.lines.strip import as_of, badge
from tui.ports.board_source import StagedView

_ARROW = " › "
_CALM = (State.FRESH, State.AGING)

Stage = Sequence[Span]  # what may be left out stands last


def has_pipeline(report: HealthReport) -> bool:
    """Whether anything stands beside the snapshots: a stream, or a compositor that was heard."""
    return report.stream is not StreamState.NONE or report.board.compositor is not None


def pipeline_line(
    report: HealthReport, chain: ChainId | None, width: int, staged: StagedView | None = None, *, at: str = ""
) -> Line:
    """Return the pipeline of the chain that is looked at; where there is no room, with less about each stage.

    `staged` is what was read of the chain's staging: why it cannot be read, though it may be kept, or of when it is,
    newer than the compositor's last beat could tell. `at` is the instant of the past that is shown.
    """
    stages = [_snapshot(report, chain), _stream(report), *_composed(report, chain, staged)]
    if staged is not None and staged.fault:
        stages[2:] = [[Span(f"staging not read: {staged.fault}", Role.CAUTION)], *stages[3:]]
    end = [Span(" "), Span(badge(report.board), Role.BADGE), Span(" ")]
    past = [*as_of(at), Span(" ")] if at else []
    named, bare = [Span(" PIPELINE  ", Role.HEAD), *past], past or [Span(" ")]
    uncounted = [*stages[:-1], stages[-1][:2]]  # how many tiles there are can be spared first
    ages = [stage[:2] for stage in stages]
    forms: list[tuple[list[Span], list[Stage], list[Span]]] = [
        (named, stages, end),
        (bare, stages, end),
        (bare, uncounted, end),
        (bare, uncounted, []),
        (bare, ages, end),
    ]
    for head, told, tail in forms:
        line = [*head, *_joined(told)]
        if length([*line, *tail]) <= width:
            return justify(line, tail, width)
    return justify([*bare, *_joined(ages)], [], width)


def _joined(stages: Sequence[Stage]) -> list[Span]:
    spans: list[Span] = []
    for stage in stages:
        spans += [Span(_ARROW, Role.DIM), *stage] if spans else stage
    return spans


def _snapshot(report: HealthReport, chain: ChainId | None) -> Stage:
    status = next((one for one in report.statuses if one.chain == chain), None)
    if status is None:
        return [Span("no snapshot", Role.DIM)]
    if status.state in _CALM:
        return [Span("snapshot ", Role.DIM), Span(figures.how_old(status.age_s), STATE_ROLE[status.state])]
    age = "" if status.age_s is None else f" {figures.how_old(status.age_s)}"
    return [Span("snapshot ", Role.DIM), Span(f"{status.state}{age}", STATE_ROLE[status.state])]


def _stream(report: HealthReport) -> Stage:
    """Return how long ago the stream was last heard and how fast it runs; a quiet one is no fault."""
    age_s = stream_age_s(report.board, report.now)
    if age_s is None or report.stream is StreamState.NONE:
        off = feed_words(report.board) == OFF
        return [Span("stream off" if off else "no stream", Role.DIM)]
    publisher = feeding(report.board)
    feed = publisher.heartbeat.feed if publisher else None
    name = Span(f"stream {DELAYED} " if feed is not None and feed.delayed else "stream ", Role.DIM)
    if report.stream is not StreamState.ACTIVE:
        return [name, Span(f"{report.stream} {span_words(age_s)}", Role.TEXT)]
    rate = report.board.streams.events_s
    stage = [name, Span(figures.how_old(age_s), Role.OK)]
    return stage if rate is None else [*stage, Span(f" {rate:,.0f}/s", Role.DIM)]


def _composed(report: HealthReport, chain: ChainId | None, staged: StagedView | None) -> list[Stage]:
    """Return staging and model, or in one what keeps the compositor from them."""
    compositor = report.board.compositor
    if compositor is None:
        return [[Span("no compositor", Role.DIM)]]
    match compositor.state:
        case CompositorState.SILENT | CompositorState.STOPPED:
            since = "" if compositor.gone_since is None else f" since {figures.clock(compositor.gone_since)}"
            role = Role.CAUTION if compositor.state is CompositorState.SILENT else Role.DIM
            return [[Span(f"compositor {compositor.state}{since}", role)]]
        case CompositorState.FAILING:
            return [[Span("staging stands still", Role.ALARM), Span(f": {compositor.beat.error}", Role.ALARM)]]
    return [_staging(report, compositor, chain, staged), _model(report, compositor, chain)]


def _staging(
    report: HealthReport, compositor: CompositorStatus, chain: ChainId | None, staged: StagedView | None
) -> Stage:
    lag = compositor.beat.lag if report.board.streams.group_lag is None else report.board.streams.group_lag
    if lag is not None and lag > COMPOSITOR_BEHIND:
        return [Span("staging ", Role.DIM), Span(f"{figures.count(lag)} behind", Role.CAUTION)]
    name = (chain.underlying, chain.expiry.isoformat()) if chain else ("", "")
    kept = next((one for one in compositor.beat.chains if (one.underlying, one.expiration) == name), None)
    if kept is None or kept.reason or kept.flushed is None:
        why = f": {kept.reason}" if kept is not None and kept.reason else ""
        return [Span("not staged", Role.CAUTION if why else Role.DIM), Span(why, Role.CAUTION)]
    read = staged.meta.flushed if staged is not None and staged.chain == chain and staged.meta is not None else 0.0
    stage = [Span("staging ", Role.DIM), Span(_ago(report, compositor, max(kept.flushed, read)), Role.OK)]
    return stage if lag is None else [*stage, Span(f" lag {lag:,}", Role.DIM)]


def _model(report: HealthReport, compositor: CompositorStatus, chain: ChainId | None) -> Stage:
    of = chain.underlying if chain else ""
    kept = next((one for one in compositor.beat.models if one.underlying == of), None)
    if kept is None or kept.reason or kept.published is None:
        why = f": {kept.reason}" if kept is not None and kept.reason else ""
        return [Span("no model", Role.CAUTION if why else Role.DIM), Span(why, Role.CAUTION)]
    stage = [Span("model ", Role.DIM), Span(_ago(report, compositor, kept.published), Role.OK)]
    return [*stage, Span(f" {kept.tiles:,} tiles", Role.DIM)]


def _ago(report: HealthReport, compositor: CompositorStatus, at_s: float) -> str:
    """Return how long ago a compositor did something at `at_s` of its clock, whatever that clock says."""
    return figures.how_old(max(0.0, compositor.beat.ts - at_s + max(0.0, report.now.mono - compositor.seen)))
