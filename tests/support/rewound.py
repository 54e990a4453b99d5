"""A past that a test has looked at: the screen's port to the past over Boards that are kept as they were."""

from bisect import bisect_right
from dataclasses import dataclass, field

from chain.clock import Instant
from chain.model.keys import ChainId
from chain.monitor.analytics import DatedBoard, RecentAnalytics
from chain.monitor.board import Board
from chain.monitor.states import Level
from chaindeck.engine.board_slot import BoardSlot
from tui.ports.board_source import Scene
from tui.ports.time_travel import Cursor, Mark, MarkKind, Span, Stride, Timeline, thinned

S = 10**9
GAP_NS = 30 * S  # looks that are further apart have a gap between them


@dataclass(slots=True)
class Rewound:
    """Moves at once where it is told to. Whoever plays it moves it on by `tick`, recorded seconds at speed 1."""

    slot: BoardSlot
    can_be_live: bool = True
    label: str = "LAST 38 min, 41 of 64 MB"
    looks: list[DatedBoard] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    moves: list[str] = field(default_factory=list)  # what was asked for
    _cursor: Cursor = field(default_factory=Cursor)
    _recent: RecentAnalytics = field(default_factory=RecentAnalytics)
    _selected: ChainId | None = None

    def __post_init__(self) -> None:
        self.slot.on_select(self._select)

    def record(self, board: Board, now: Instant) -> None:
        """Keep a look; what is new in its history is a mark."""
        known = self.looks[-1].board.transitions if self.looks else ()
        for change in board.transitions:
            if change not in known:
                level = Level.INFO if change.text.endswith("FRESH") else Level.CRITICAL
                self.marks.append(Mark(now.wall_ns, MarkKind.STATE, level, change.text, change.chains))
        self.looks.append(DatedBoard(board, now))

    def timeline(self, columns: int) -> Timeline:
        spans: list[Span] = []
        for at in self._instants:
            if spans and at - spans[-1].end <= GAP_NS:
                spans[-1] = Span(spans[-1].begin, at)
            else:
                spans.append(Span(at, at))
        if not spans:
            return Timeline(self.label)
        begin, end = spans[0].begin, spans[-1].end
        played = [(look.now.wall_ns, look.board.played_s(look.now)) for look in self.looks]
        clock = tuple((at, round(shown_s * S)) for at, shown_s in played if shown_s is not None)
        return Timeline(self.label, tuple(spans), thinned(self.marks, begin, end, columns), end, clock=clock)

    def cursor(self) -> Cursor:
        return self._cursor

    def seek(self, wall_ns: int) -> None:
        self.moves.append(f"seek {wall_ns}")
        self._stand(wall_ns, self._cursor.speed)

    def step(self, stride: Stride, by: int) -> None:
        self.moves.append(f"step {stride} {by}")
        at = self._instants[-1] if self._cursor.at is None else self._cursor.at
        if stride is Stride.MINUTE:
            self._stand(at + by * 60 * S, 0.0)
            return
        stops = [mark.at for mark in self.marks] if stride is Stride.TRANSITION else self._stops(stride)
        later, earlier = [one for one in stops if one > at], [one for one in stops if one < at]
        ahead = later if by > 0 else earlier[::-1]
        self._stand(ahead[min(abs(by), len(ahead)) - 1] if ahead else at, 0.0)

    def play(self, speed: float) -> None:
        self.moves.append(f"play {speed:g}")
        self._stand(self._instants[-1] if self._cursor.at is None else self._cursor.at, speed)

    def pause(self) -> None:
        self.moves.append("pause")
        self._stand(self._instants[-1] if self._cursor.at is None else self._cursor.at, 0.0)

    def live(self) -> None:
        self.moves.append("live")
        if not self.can_be_live:
            self._stand(self._instants[-1], 0.0)
            return
        self._cursor = Cursor()
        self.slot.look_back(None)

    def tick(self, seconds: float) -> None:
        """Let the past go on, as it is played."""
        if self._cursor.at is not None and self._cursor.speed:
            self._stand(self._cursor.at + round(seconds * self._cursor.speed * S), self._cursor.speed)

    @property
    def _instants(self) -> list[int]:
        return [look.now.wall_ns for look in self.looks]

    def _stops(self, stride: Stride) -> list[int]:
        if stride is Stride.LOOK:
            return self._instants
        pointers = [[record.pointer for record in look.board.chains.records] for look in self.looks]
        return [now for now, old, new in zip(self._instants[1:], pointers, pointers[1:], strict=False) if old != new]

    def _stand(self, at: int, speed: float) -> None:
        found = max(0, bisect_right(self._instants, at) - 1)
        self._cursor = Cursor(self._instants[found], speed)
        look = self.looks[found]
        slot = self.slot
        analytics, across = self._recent.look(look.board, self._selected, slot.gex, across=slot.is_across)
        slot.look_back(Scene(look.board, analytics, look.now, across=across))

    def _select(self, chain: ChainId | None) -> None:
        self._selected = chain
        if self._cursor.at is not None:
            self._stand(self._cursor.at, self._cursor.speed)
