"""The timeline along the bottom: two lines, on which a click or a drag moves to another instant."""

from textual import events
from textual.message import Message

from tui.lines.timeline import Compared, timeline_head, track_columns, track_line, track_of
from tui.panels.line_panel import LinePanel
from tui.ports.time_travel import Cursor, Timeline
from tui.view import View


class TimelinePanel(LinePanel):
    """Shows what is recorded and where in it one stands."""

    class Sought(Message):
        """The mouse points at an instant, epoch ns."""

        def __init__(self, at: int) -> None:
            super().__init__()
            self.at = at

        def can_replace(self, message: Message) -> bool:
            """Of a drag only where it has come to matters."""
            return isinstance(message, TimelinePanel.Sought)

    _timeline = Timeline("")

    @property
    def columns(self) -> int:
        """On how many columns what is recorded is shown."""
        return track_columns(self.size.width)

    def update(self, timeline: Timeline, cursor: Cursor, view: View, now_s: float | None, present: str) -> None:
        """Show where one stands; `now_s`, epoch seconds, is the present, None where there is none; so it is called."""
        width = self.size.width
        if not self.display or not width:
            return
        self._timeline = timeline
        a, b = (moment.now.wall_ns if moment else None for moment in (view.comparison.a, view.comparison.b))
        compared = Compared(a, b)
        head = timeline_head(timeline, cursor, view.speed, compared, now_s, width, as_of_at=view.as_of, present=present)
        self.show((head,), (track_line(timeline, cursor, compared, width),))

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Move to what is pointed at, and follow the mouse from now on."""
        if event.button == 1:
            self.capture_mouse()
            self._point_at(event)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Follow a drag, however far from the panel it strays."""
        if self.app.mouse_captured is self:
            self._point_at(event)

    def on_mouse_up(self) -> None:
        """End a drag."""
        self.release_mouse()

    def _point_at(self, event: events.MouseEvent) -> None:
        track = track_of(self._timeline, self.size.width)
        if track is not None:
            self.post_message(self.Sought(track.instant(round(event.x), self._timeline)))
