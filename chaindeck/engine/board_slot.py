"""Where the engine leaves what it has read for the screen: the newest Board, and what is derived of it."""

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from typing import NamedTuple

from msgspec import structs

from chain.analytics.measures.gamma import AS_DERIVED, GexConvention
from chain.analytics.measures.underlying import UnderlyingMeasures
from chain.analytics.painted import painted
from chain.model.keys import ChainId
from chain.monitor.analytics import NO_ANALYTICS, ChainDiff, Comparer, DatedBoard, RecentAnalytics
from chain.monitor.board import Board
from chain.monitor.explain.explain import explain
from chain.monitor.explain.explanation import Explanation
from chain.monitor.explain.question import Question
from chain.supervisor import PartState, PartStatus
from chaindeck.engine.spots import SpotHistories
from tui.ports.alerts import NO_ALERTS, AlertsShown, Call
from tui.ports.board_source import HeatmapView, Scene, StagedView

log = logging.getLogger(__name__)

_PAINT_S = 1.0
_CALLS_KEPT = 8  # while the screen cannot make them


Caller = Callable[[Callable[[], object]], None]  # runs a function, on whichever thread it stands for


def _at_once(function: Callable[[], object]) -> None:
    function()


class Look(NamedTuple):
    """What the screen shows beside the Board: the staging of a chain, and the heatmap of an underlying."""

    staged_of: ChainId | None = None
    heatmap_of: str | None = None


NOTHING = Look()


class BoardSlot:
    """The newest Board with the analytics of the chain that is looked at, and at most one wake-up outstanding.

    Analytics are derived on the thread that fills the slot, so the screen's only formats. Neither waits for the other.
    In front of the newest Board there may stand a scene of the past, which another thread puts there and takes away;
    the newest is filled and derived all the same.
    """

    def __init__(self) -> None:
        self.polls = 0
        self._board: Board | None = None
        self._analytics = NO_ANALYTICS
        self._recent = RecentAnalytics()
        self._selected: ChainId | None = None
        self._past: Scene | None = None
        self._compared: tuple[DatedBoard, DatedBoard] | None = None
        self._comparer = Comparer()
        self._diff: ChainDiff | None = None
        self._staged: StagedView | None = None
        self._heatmap: HeatmapView | None = None
        self._alerts = NO_ALERTS
        self._calls = deque[Call](maxlen=_CALLS_KEPT)
        self._heatmap_of: str | None = None
        self._is_across = False
        self._across: UnderlyingMeasures | None = None
        self._gex = AS_DERIVED
        self._spots = SpotHistories()
        self._hear_selected: Callable[[ChainId | None], None] = lambda _: None
        self._look = NOTHING
        self._hear_look: Callable[[Look], None] = lambda _: None
        self._call: Caller = _at_once
        self._wake: Callable[[], None] | None = None
        self._asked = False
        self._painted = threading.Event()

    def fill_by(self, call: Caller) -> None:
        """Have analytics derived by way of `call`, which runs a function on the thread that fills the slot."""
        self._call = call

    def put(self, board: Board) -> None:
        """Replace the Board; wake the reader unless it has yet to answer the last call."""
        self.polls += 1
        self._hold(board)

    def tell_parts(self, parts: tuple[PartStatus, ...]) -> None:
        """Mark what was read last with how the parts fare now: where the watcher fails, no Board comes to say so."""
        if self._board is not None or any(part.state is not PartState.RUNNING for part in parts):
            self._hold(structs.replace(self._board or Board(), parts=parts))

    def select(self, chain: ChainId | None) -> None:
        """Say, from the reader's thread, which chain is looked at; its analytics follow."""
        if chain != self._selected:
            self._selected = chain
            self._look_changed(self._derive)

    def _look_changed(self, follow: Callable[[], None]) -> None:
        """Have what follows from another look done, and tell who hears of it."""
        self._call(follow)
        self._hear_selected(self._selected)

    @property
    def heatmap_of(self) -> str | None:
        """The underlying whose heatmap is looked at; None where none is."""
        return self._heatmap_of

    def look_at_heatmap(self, underlying: str | None) -> None:
        """Say, from the reader's thread, of which underlying the heatmap is looked at; None: of none."""
        if underlying != self._heatmap_of:
            self._heatmap_of = underlying
            self._look_changed(self._turn)

    @property
    def is_across(self) -> bool:
        """Whether what the expirations of the chosen underlying say together is looked at."""
        return self._is_across

    def look_across(self, on: bool) -> None:
        """Say, from the reader's thread, whether all expirations of the chosen underlying are looked at."""
        if on != self._is_across:
            self._is_across = on
            self._look_changed(self._derive)

    @property
    def gex(self) -> GexConvention:
        """The convention by which gamma exposure is told."""
        return self._gex

    def tell_gex(self, convention: GexConvention) -> None:
        """Say, from the reader's thread, by which convention gamma exposure is told."""
        if convention != self._gex:
            self._gex = convention
            self._look_changed(self._derive)

    def compare(self, moments: tuple[DatedBoard, DatedBoard] | None) -> None:
        """Say, from the reader's thread, which two moments are compared; of several in a row the last is."""
        before, self._compared = self._compared, moments
        if (before or ()) != (moments or ()):  # moments are equal where they are the same
            self._call(self._compare)

    def explain(self, question: Question) -> "Future[Explanation]":
        """Return where a number comes from, computed on the thread that fills the slot."""
        answer: Future[Explanation] = Future()

        def look() -> None:
            if not answer.set_running_or_notify_cancel():
                return  # who asked has gone
            try:
                answer.set_result(explain(question))
            except Exception as error:
                log.exception("a number could not be explained")
                answer.set_exception(error)  # who asked says so

        self._call(look)
        return answer

    def on_select(self, hear: Callable[[ChainId | None], None]) -> None:
        """Have `hear` called, on the reader's thread, with the chain that is looked at.

        That is when it is another, or anything else of what is looked at.
        """
        self._hear_selected = hear

    def on_look(self, hear: Callable[[Look], None]) -> None:
        """Have `hear` called, on the thread that fills the slot, with what is looked at beside the Board.

        It is called now, and whenever that is something else.
        """
        self._hear_look = hear
        hear(self._look)

    def put_staged(self, staged: StagedView | None) -> None:
        """Replace the staging of the chain that is looked at."""
        self._staged = staged
        self._paint()
        self.wake_reader()

    def _paint(self) -> None:
        """Paint the stream's values over the grid of the snapshot that is shown."""
        staged = self._staged
        if staged is None or staged.meta is None:
            return
        analytics = self._analytics.get(staged.chain)
        of = None if staged.painted is None else staged.painted.of
        if analytics is not None and analytics.snapshot_id != of:
            self._staged = replace(staged, painted=painted(analytics.grid, staged.meta, staged.contracts))

    def put_heatmap(self, heatmap: HeatmapView | None) -> None:
        """Replace the heatmap that is looked at."""
        self._heatmap = heatmap
        self.wake_reader()

    def put_alerts(self, alerts: AlertsShown) -> None:
        """Replace how the alerts stand; values alone are shown with the Board that they are of, which comes next."""
        before, self._alerts = self._alerts, alerts
        if alerts.standing != before.standing:
            self.wake_reader()

    def call_attention(self, call: Call) -> None:
        """Have the screen ring or notify."""
        self._calls.append(call)
        self.wake_reader()

    def take_calls(self) -> tuple[Call, ...]:
        """Return, on the reader's thread, the calls for attention that it has not made yet."""
        return tuple(self._calls.popleft() for _ in range(len(self._calls)))

    def look_back(self, past: Scene | None) -> None:
        """Show a scene of the past in place of the newest Board, or that again; from any thread."""
        self._past = past
        self.wake_reader()

    def wake_reader(self) -> None:
        """Have the reader look, unless it has yet to answer the last call."""
        if self._wake is not None and not self._asked:
            self._asked = True
            self._wake()

    def _hold(self, board: Board) -> None:
        self._board = board
        try:
            self._spots.on_board(board)
            self._analyse(board)
            self._paint()
        finally:  # what cannot be derived keeps no Board back
            self._turn()
            self.wake_reader()

    def _turn(self) -> None:
        """Say what is looked at, where that is not what it was: staging only where somebody keeps one."""
        kept = self._board is not None and self._board.compositor is not None
        of = self._heatmap_of
        look = Look(self._selected if kept and of is None else None, of)
        if look != self._look:
            self._look = look
            self._hear_look(look)

    def _derive(self) -> None:
        self._turn()
        before = self._analytics, self._across
        if self._board is not None:
            self._analyse(self._board)
        if (self._analytics, self._across) != before:
            self._paint()
            self.wake_reader()
        self._compare()

    def _analyse(self, board: Board) -> None:
        """Derive what is looked at."""
        self._analytics, across = self._recent.look(board, self._selected, self._gex, across=self._is_across)
        self._across = self._spots.beside(across)

    def _compare(self) -> None:
        moments, chain, before = self._compared, self._selected, self._diff
        self._diff = None if moments is None or chain is None else self._comparer.update(*moments, chain)
        if self._diff is not before:
            self.wake_reader()

    def latest(self) -> Board | None:
        """Return the newest Board and allow the next wake-up."""
        self._asked = False
        return self._board

    def scene(self) -> Scene | None:
        """Return what is to be shown, a scene of the past or of the present, and allow the next wake-up."""
        self._asked = False
        past, board = self._past, self._board
        staged, heatmap = self._staged, self._heatmap
        across = self._across
        present = None
        if board is not None:
            present = Scene(board, self._analytics, staged=staged, heatmap=heatmap, across=across)
        scene = past or present
        if scene is None or (self._diff is None and self._alerts is NO_ALERTS):
            return scene
        return replace(scene, diff=self._diff or scene.diff, alerts=self._alerts)

    def subscribe(self, wake: Callable[[], None]) -> None:
        """Call `wake` from the engine's thread when a Board comes in."""
        self._wake = wake

    def painted(self) -> None:
        """Say that a grid is on screen."""
        self._painted.set()

    async def first_paint(self) -> None:
        """Wait, not for long, until a grid is on screen: two threads that compute share one interpreter."""
        await asyncio.to_thread(self._painted.wait, _PAINT_S)
