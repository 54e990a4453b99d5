"""How old a heatmap model is, by the rules of snapshots, and why there is none."""

from contextlib import suppress

from msgspec import Struct

from chain.errors import InvalidNameError
from chain.model.keys import KeySchema
from chain.model.kinds import LIVE
from chain.monitor.board import Board
from chain.monitor.evaluate.report import HealthReport
from chain.monitor.heartbeat import STOPPED
from chain.monitor.states import State
from chain.pipeline.heatmap import HeatmapModel
from chain.thresholds import Thresholds
from tui.lines import figures
from tui.ports.board_source import HeatmapView


class ModelAge(Struct, frozen=True):
    """A model's state and age in seconds; `words` say what keeps it from being newer, empty where nothing does."""

    state: State
    age_s: float
    words: str = ""

    @property
    def is_current(self) -> bool:
        """Whether what it says may be taken for now."""
        return self.state in (State.FRESH, State.AGING)


def model_age(view: HeatmapView, model: HeatmapModel, report: HealthReport) -> ModelAge:
    """Return how old a model is: since its newest value, or since the newest snapshot that it stands on."""
    board = report.board
    age_s = max(0.0, board.now_s(report.now) - newest_s(model, board))
    statuses = report.statuses_of(model.underlying)
    limits = statuses[0].limits if statuses else Thresholds()
    state = State.FRESH if age_s <= limits.warn_s else State.AGING if age_s <= limits.stale_s else State.STALE
    if not board.redis.health.ok:
        state = State.UNREACHABLE
    return ModelAge(state, age_s, view.fault or _compositor_words(board, model.underlying))


def newest_s(model: HeatmapModel, board: Board) -> float:
    """Return when the newest of what a model is made of was made, epoch seconds."""
    keys, newest = KeySchema(board.prefix), model.ts
    for expiration in model.expirations:
        with suppress(InvalidNameError):
            newest = max(newest, keys.parse_snapshot(expiration.snapshot).ts_ms / 1000)
    return newest


def why_none(view: HeatmapView | None, underlying: str, report: HealthReport | None) -> tuple[str, ...]:
    """Return why there is no model of an underlying, and what can be done, a line each."""
    if report is None:
        return ("waiting for the first poll",)
    board = report.board
    if not board.redis.health.ok:
        return (board.redis.health.trouble,)
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
        return f"the compositor has {'stopped' if compositor.beat.status == STOPPED else 'been silent'}{since}"
    reasons = [model.reason for model in compositor.beat.models if model.underlying == underlying]
    return next(filter(None, (*reasons, compositor.beat.error)), "")
