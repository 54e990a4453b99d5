"""How old a heatmap model is, by the rules of snapshots, and why there is none."""

from collections.abc import Collection

from msgspec import Struct
from msgspec.structs import replace

from chain.errors import InvalidNameError
from chain.model.keys import KeySchema
from chain.model.kinds import LIVE
from chain.monitor.board import Board
from chain.monitor.evaluate.report import HealthReport
from chain.monitor.heartbeat import STOPPED
from chain.monitor.states import State
from chain.pipeline.heatmap import HeatmapModel, ModelExpiration
from chain.thresholds import Thresholds
from tui.lines import figures
from tui.ports.board_source import HeatmapView

_WORST_FIRST = list(State)


class ModelAge(Struct, frozen=True):
    """A model's state, and of when it is, epoch seconds, and how old; `words` say what keeps it from being newer.

    `words` are empty where nothing does.
    """

    state: State
    at_s: float
    age_s: float
    words: str = ""

    @property
    def is_current(self) -> bool:
        """Whether what it says may be taken for now."""
        return self.state in (State.FRESH, State.AGING)


def judged(model: HeatmapModel, report: HealthReport) -> HeatmapModel:
    """Return a model whose expirations have the states of now: a snapshot grows old though nobody says it anew."""
    keys = KeySchema(report.board.prefix)
    return replace(
        model,
        expirations=tuple(
            replace(each, state=min(_said(each), _by_age(_stamp_s(each, keys), model, report), key=_WORST_FIRST.index))
            for each in model.expirations
        ),
    )


def model_age(view: HeatmapView, model: HeatmapModel, report: HealthReport, shown: Collection[str]) -> ModelAge:
    """Return how old a page of a judged model is; `shown` are the expirations on it.

    It is as old as the newest value or snapshot in the model, and where the best snapshot of what is shown is in a
    worse state than that, as old as this: what the stream adds to an old snapshot does not make it newer.
    """
    board, keys = report.board, KeySchema(report.board.prefix)
    at_s = max(model.ts, *(_stamp_s(each, keys) for each in model.expirations), 0.0)
    state = _by_age(at_s, model, report)
    beneath = [
        (_WORST_FIRST.index(_said(each)), _stamp_s(each, keys))
        for each in model.expirations
        if each.expiration in shown
    ]
    best, of_s = max(beneath, default=(len(_WORST_FIRST), at_s))
    if best < _WORST_FIRST.index(state):
        state, at_s = _WORST_FIRST[best], of_s
    if not board.redis.health.ok:
        state = State.UNREACHABLE
    age_s = max(0.0, board.now_s(report.now) - at_s)
    return ModelAge(state, at_s, age_s, view.fault or _compositor_words(board, model.underlying))


def _said(expiration: ModelExpiration) -> State:
    """Return the state that a model gives an expiration; one that nobody knows is as bad as none."""
    return State.__members__.get(expiration.state, State.INVALID)


def _stamp_s(expiration: ModelExpiration, keys: KeySchema) -> float:
    """Return when an expiration's snapshot was made, epoch seconds; 0 where its key does not tell."""
    try:
        return keys.parse_snapshot(expiration.snapshot).ts_ms / 1000
    except InvalidNameError:
        return 0.0


def _by_age(at_s: float, model: HeatmapModel, report: HealthReport) -> State:
    """Return the state of something as old as that, by the rules for snapshots of the model's underlying."""
    age_s = report.board.now_s(report.now) - at_s
    statuses = report.statuses_of(model.underlying)
    limits = statuses[0].limits if statuses else Thresholds()
    return State.FRESH if age_s <= limits.warn_s else State.AGING if age_s <= limits.stale_s else State.STALE


def why_none(view: HeatmapView | None, underlying: str, report: HealthReport | None) -> tuple[str, ...]:
    """Return why there is no model of an underlying, empty where no chain is; and what can be done, a line each."""
    if report is None:
        return ("waiting for the first poll",)
    board = report.board
    if not board.redis.health.ok:
        return (board.redis.health.trouble,)
    if not underlying:
        return (report.signals[0].text if report.signals else "no chain has been read yet",)
    fault = view.fault if view else ""
    words = fault or _compositor_words(board, underlying)
    if words:
        return (f"no heatmap model of {underlying}: {words}",)
    if board.compositor is None:
        return _nobody_makes_one(board, underlying)
    return (f"no heatmap model of {underlying} yet",)


def _nobody_makes_one(board: Board, underlying: str) -> tuple[str, ...]:
    told = [f"no heatmap model of {underlying}: no compositor was heard on this Redis", "chaindeck mmaker runs one"]
    if any(publisher.heartbeat.source.kind == LIVE for publisher in board.publishers.known):
        told.append("beside live data stream and compositor are off unless they are asked for: --stream")
    return tuple(told)


def _compositor_words(board: Board, underlying: str) -> str:
    """Return what a compositor says of a model that it does not keep; empty where it does, or none was heard."""
    compositor = board.compositor
    if compositor is None:
        return ""
    if not compositor.alive:
        since = "" if compositor.gone_since is None else f" since {figures.clock(compositor.gone_since)}"
        return f"the compositor is {'stopped' if compositor.beat.status == STOPPED else 'silent'}{since}"
    reasons = [model.reason for model in compositor.beat.models if model.underlying == underlying]
    return next(filter(None, (*reasons, compositor.beat.error)), "")
