"""The reader in the past: where to go, how fast to play, what to compare, and what only the present can decide."""

from dataclasses import replace
from enum import IntEnum
from functools import partial
from pathlib import Path
from typing import NamedTuple

from textual.message import Message

from chain.clock import Clock, Instant
from chain.model.session import new_york, typed_moment
from chain.monitor.analytics import DatedBoard
from chain.monitor.board import Board
from chain.monitor.evaluate.report import HealthReport
from chain.monitor.evaluate.signals import evaluate
from tui.actions.action import Need
from tui.actions.keymap import Keymap
from tui.dialogs.decisions import DecisionScreen
from tui.dialogs.typing.time import TimeDialog
from tui.key_bar import KeyBar
from tui.lines import figures
from tui.lines.strip import Past
from tui.lines.timeline import track_columns
from tui.pages import Page
from tui.panels.timeline import TimelinePanel
from tui.ports.board_source import BoardSource, Demo, Operator
from tui.ports.time_travel import Cursor, Stride, Timeline, TimeTravel
from tui.presets import STANDARD, Preset
from tui.view import View

EVALUATE_EVERY_S = 0.3
SPEEDS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0)


class Edge(IntEnum):
    """An end of the timeline."""

    BEGIN = -1
    END = 1


class ScreenPorts(NamedTuple):
    """What a screen is given by whoever composes it; None where there is no demo, no operator, no past."""

    feed: BoardSource
    clock: Clock
    view: View
    demo: Demo | None
    operator: Operator | None
    travel: TimeTravel | None
    keymap: Keymap
    preset: Preset = STANDARD
    page: Page = Page.DECK  # to begin on
    export_folder: Path | None = None  # None: the user's own


class TravelScreen(DecisionScreen):
    """A screen that may show the past. What an operator decides is about the present, so it is refused there."""

    class Moved(Message):
        """Another instant was asked for, or another way to show it."""

    def __init__(self, ports: ScreenPorts) -> None:
        super().__init__(ports.view, ports.demo, ports.operator, ports.keymap)
        self.timeline_panel = TimelinePanel(id="timeline", can_focus=True)
        self.key_bar = KeyBar(ports.keymap)
        self._feed = ports.feed
        self._clock = ports.clock
        self._travel = ports.travel
        self._timeline = Timeline("")
        self._timeline_open = False
        self._as_of: Instant | None = None  # what ages on screen are counted to, in the past
        self._live: HealthReport | None = None  # of the present, while the past is shown
        self._here: DatedBoard | None = None  # what is shown

    def has(self, need: Need) -> bool:
        """Whether there is what an action needs: here, a past."""
        return self._travel is not None if need is Need.PAST else super().has(need)

    def redraw(self) -> None:
        """Show what there is now."""
        raise NotImplementedError

    def turn_view(self, board: Board, as_of: Instant | None) -> None:
        """Have the view show a Board of the past, as of a recorded instant, or the present."""
        travel, self._as_of = self._travel, as_of
        if travel is not None and (self._timeline_open or as_of is not None):
            self._timeline = travel.timeline(track_columns(self.size.width))
        if as_of is None or travel is None:
            self._live = None
            self.view.turn_to(None)
        else:
            self.view.turn_to(self._past(travel, board.now_s(as_of)))
        self.view.playing = 0.0 if travel is None else travel.cursor().speed
        self.key_bar.past = self.view.past is not None or self.is_steered

    def _past(self, travel: TimeTravel, at_s: float) -> Past:
        """Return what is said of the instant that is shown; `at_s`, epoch seconds, is by the clock of its ages."""
        now = Instant.now(self._clock)
        at = figures.clock(at_s)
        if not travel.can_be_live:
            return Past(at, _when(at_s, now.wall_s), self._timeline.label)
        board, known = self._feed.latest(), self._live
        outdated = known is None or known.board is not board or now.mono - known.now.mono > EVALUATE_EVERY_S
        if board is not None and outdated:
            self._live = evaluate(board, now)
            self.view.histories.on_report(self._live)
        now_s = now.wall_s if board is None else board.now_s(now)
        present = "live" if board is None else board.present
        return Past(at, _when(at_s, now_s), self._timeline.label, self._live, now_s, present)

    def stand_at(self, report: HealthReport | None) -> None:
        """Take what a report was made of for the instant that is shown, and for a side of what is compared."""
        here, past = self._here, self.view.past is not None
        if report is not None and (
            here is None or (here.now != report.now if past else here.board is not report.board)
        ):
            self._here = DatedBoard(report.board, report.now)
        self._feed.compare(self.view.comparison.moments(self._here))

    def update_timeline(self) -> None:
        """Show the timeline while the past is shown, or the reader has opened it."""
        panel, travel = self.timeline_panel, self._travel
        shown = travel is not None and (self._timeline_open or self.view.past is not None)
        if panel.display != shown:
            panel.display = shown
            self.call_after_refresh(self.redraw)  # once the panels know their new sizes
        elif travel is not None and shown:
            now_s = self._present_s() if travel.can_be_live else None
            cursor = travel.cursor()
            if cursor.at is not None and self._as_of is not None:  # a look takes a moment: one time all over the screen
                cursor = replace(cursor, at=self._as_of.wall_ns)
            present = self._here.board.present if self._here else "live"
            panel.update(self._timeline, cursor, self.view, now_s, present)

    def _present_s(self) -> float:
        """Return the time of the present, epoch seconds: ours, or that of the replay that is watched."""
        now, board = Instant.now(self._clock), self._feed.latest()
        return now.wall_s if board is None else board.now_s(now)

    def _seek(self, at: int | None) -> None:
        if self._travel is not None and at is not None:
            self._travel.seek(at)
            self.redraw()

    def on_timeline_panel_sought(self, event: TimelinePanel.Sought) -> None:
        """The mouse points at an instant."""
        self._seek(event.at)

    @property
    def is_steered(self) -> bool:
        """Whether what is shown goes on, or stands still, as the reader says: the past, or a replay."""
        return self._travel is not None and not self._travel.cursor().is_live

    def seek_edge(self, edge: Edge) -> None:
        """Go to an end of what is recorded."""
        self._seek(self._timeline.begin if edge is Edge.BEGIN else self._timeline.end)

    def action_timeline(self) -> None:
        """Open or close the timeline; in the past it stays."""
        self._timeline_open = not self._timeline_open
        self.redraw()

    def action_step(self, stride: str, by: int) -> None:
        """Move to the next or previous snapshot, minute or change."""
        if self._travel is not None:
            self.view.speed = self._travel.cursor().speed or self.view.speed  # to go on at
            self._travel.step(Stride(stride), by)
            self.redraw()

    def action_speed(self, way: int) -> None:
        """Play faster or slower: at once where something is played, else from the next time on."""
        speeds, now = SPEEDS if way > 0 else SPEEDS[::-1], self.view.speed
        if self._travel is not None:
            now = self._travel.cursor().speed or now
        self.view.speed = next((one for one in speeds if (one - now) * way > 0), now)
        if self._travel is not None:
            if self._travel.cursor().speed:
                self._travel.play(self.view.speed)
            self.redraw()

    def play_or_pause(self) -> None:
        """Let the past go on, or stand still in it."""
        if self._travel is not None:
            if speed := self._travel.cursor().speed:
                self.view.speed = speed  # to go on at
                self._travel.pause()
            else:
                self._travel.play(self.view.speed)
            self.redraw()

    def action_live(self) -> None:
        """Go back to the present; where there is none, to the end of what is recorded."""
        if self._travel is not None:
            self._travel.live()
            self.redraw()

    def action_time(self) -> None:
        """Ask for a time to go to."""
        if self._travel is not None and self.app.screen is self:
            self._timeline = self._travel.timeline(track_columns(self.size.width))
            cursor = self._travel.cursor()
            bounded = self._travel.can_be_live  # of tapes, there may be more than the one on the timeline
            self.app.push_screen(TimeDialog(partial(self._read_time, cursor, bounded=bounded)), self._seek)

    def _read_time(self, cursor: Cursor, text: str, *, bounded: bool) -> int:
        """Return the instant that a text means, of the day that is shown; ValueError for one that is not recorded."""
        begin, end = self._timeline.begin, self._timeline.end
        if begin is None or end is None:
            raise ValueError("nothing is recorded yet")
        shown_at = self._timeline.shown_at
        near = shown_at(end if cursor.at is None else cursor.at)
        at = typed_moment(text, day=new_york(near / 1e9).date(), near_ns=near)
        seen_at = self._timeline.seen_at(at)
        if seen_at is None or (bounded and not begin // 10**9 * 10**9 <= seen_at <= end):
            first, last = (figures.clock(shown_at(edge) / 1e9) for edge in (begin, end))
            raise ValueError(f"nothing is recorded then: from {first} to {last}")
        return seen_at

    def action_mark(self, name: str) -> None:
        """Mark what is shown as A or B; what is marked so already, no more."""
        here, comparison = self._here, self.view.comparison
        if here is None:
            return
        known = comparison.a if name == "a" else comparison.b
        marked = None if known is not None and known.now == here.now else here
        if name == "a":
            comparison.a = marked
        else:
            comparison.b = marked
        self._timeline_open = True
        self.redraw()

    def action_diff(self) -> None:
        """Show what changed between the marks in place of the values, or the values again."""
        comparison = self.view.comparison
        if not comparison.on and comparison.a is None and comparison.b is None:
            a, b, diff = map(self.keymap.way, ("mark-a", "mark-b", "diff"))
            self.app.clear_notifications()
            what = f"mark an instant first, {a} or {b}: {diff} shows what changed from there to here"
            self.notify(what, markup=False)
            return
        comparison.on = not comparison.on
        self.app.clear_notifications()
        if comparison.on and not self.query_one("#grid").display:
            self.notify(f"changes stand in the grid: {self.keymap.way('open')} opens it", markup=False)
        self.post_message(self.Moved())

    def action_acknowledge(self) -> None:
        """Take every change of source as known."""
        if not self._refused():
            super().action_acknowledge()

    def action_publish_again(self) -> None:
        """Let the publisher try again."""
        if not self._refused():
            super().action_publish_again()

    def action_demo(self) -> None:
        """Offer the faults."""
        if not self._refused():
            super().action_demo()

    def _refused(self) -> bool:
        """Say that a decision is about the present, where the past is shown; nobody decides by what is over."""
        past = self.view.past
        if past is not None:
            self.app.clear_notifications()
            back = f"{self.keymap.way('live')} goes back to {past.present}, where that can be done"
            what = back if past.now_s is not None else "it cannot be changed"
            self.notify(f"AS OF {past.at} is the past: {what}", severity="warning", markup=False)
        return past is not None


def _when(at_s: float, now_s: float) -> str:
    """Return an instant of the past with its zone, and its whole date where that is not today's."""
    at = new_york(at_s)
    day = "" if at.date() == new_york(now_s).date() else f"{at:%Y-%m-%d} "
    return f"{day}{figures.clock(at_s)} ET"
