"""What the screen is given by whoever composes it: Boards from another thread, and in a mock the demo's faults."""

from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Protocol

from chain.analytics.measures.gamma import GexConvention
from chain.analytics.measures.underlying import UnderlyingMeasures
from chain.analytics.painted import PaintedGrid
from chain.clock import Instant
from chain.model.keys import ChainId
from chain.monitor.analytics import NO_ANALYTICS, AnalyticsByChain, ChainDiff, DatedBoard
from chain.monitor.board import Board
from chain.monitor.explain.explanation import Explanation
from chain.monitor.explain.question import Question
from chain.pipeline.heatmap import HeatmapModel
from chain.pipeline.heatmap_index import NO_TILES, HeatmapIndex
from chain.pipeline.staging import StagedContract, StagingMeta
from tui.ports.alerts import NO_ALERTS, AlertKey, AlertsShown


@dataclass(frozen=True, slots=True)
class Scene:
    """A Board to show, and what is derived of its snapshots.

    `across` is what the expirations of the underlying that is looked at say together, while a page shows it.

    `as_of` is the recorded instant by which a Board of the past is evaluated, and from which every age and report on
    it counts; None of the present, which is evaluated by the clock. `diff` is what changed of the chain that is looked
    at between two moments that are compared.
    """

    board: Board
    analytics: AnalyticsByChain = field(default_factory=lambda: NO_ANALYTICS)
    as_of: Instant | None = None
    diff: ChainDiff | None = None
    staged: "StagedView | None" = None
    heatmap: "HeatmapView | None" = None
    alerts: AlertsShown = NO_ALERTS  # of the present, whatever instant is shown
    across: UnderlyingMeasures | None = None


@dataclass(frozen=True, slots=True)
class StagedView:
    """The staging of the chain that is looked at: contracts by ticker, and the snapshot and position they stand on.

    `painted` is the grid of the snapshot that is shown with the stream's values over it; `fault` says why there is no
    staging, or no newer one.
    """

    chain: ChainId
    meta: StagingMeta | None = None
    contracts: Mapping[str, StagedContract] = field(default_factory=dict)
    fault: str = ""
    painted: PaintedGrid | None = None


@dataclass(frozen=True, slots=True)
class HeatmapView:
    """The heatmap model of the underlying that is looked at, and the axes of its tiles.

    `fault` says why there is none, or no newer one.
    """

    underlying: str
    model: HeatmapModel | None = None
    fault: str = ""
    index: HeatmapIndex = NO_TILES


class BoardSource(Protocol):
    """A slot that holds the newest Board and what is derived of it; nothing that fills it ever waits for the screen."""

    @property
    def polls(self) -> int:
        """How many Boards have come in."""

    def latest(self) -> Board | None:
        """Return the newest Board of the present and allow the next wake-up; None where there is no present."""

    def scene(self) -> Scene | None:
        """Return what is to be shown and allow the next wake-up: the present, or an instant of the past."""

    def select(self, chain: ChainId | None) -> None:
        """Say which chain is looked at: its analytics are derived, and come with a wake-up of their own."""

    def look_at_heatmap(self, underlying: str | None) -> None:
        """Say of which underlying the heatmap is looked at, None for none; a model comes with a wake-up of its own."""

    def look_across(self, on: bool) -> None:
        """Say whether what the expirations of the chosen underlying say together is looked at."""

    def tell_gex(self, convention: GexConvention) -> None:
        """Say by which convention gamma exposure is told."""

    def compare(self, moments: tuple[DatedBoard, DatedBoard] | None) -> None:
        """Say which two moments are compared; what changed comes with a wake-up of its own."""

    def explain(self, question: Question) -> "Future[Explanation]":
        """Return where a number comes from, computed where analytics are; ChaindeckError where that cannot be said."""

    def painted(self) -> None:
        """Hear that a grid is on screen."""

    def subscribe(self, wake: Callable[[], None]) -> None:
        """Call `wake`, from any thread, when something new comes in and the last Board was fetched."""


class Operator(Protocol):
    """An operator's decisions; each result says in words what was done."""

    def acknowledge(self) -> "Future[str]":
        """Take every change of source as known."""

    def acknowledge_alerts(self, keys: Collection[AlertKey] | None = None) -> "Future[str]":
        """Acknowledge raised alerts, all of them without `keys`."""

    def publish_again(self) -> "Future[str]":
        """Let a publisher that gave way to a live one try again."""

    def record(self) -> "Future[str]":
        """Begin to record what is shown, or end it."""


class Demo(Protocol):
    """Faults at a keypress; only a mock has one."""

    @property
    def faults(self) -> Sequence[tuple[str, str]]:
        """Name and description of each fault."""

    def inject(self, name: str, chain: ChainId) -> "Future[str]":
        """Start one fault; the result says in words what was done."""
