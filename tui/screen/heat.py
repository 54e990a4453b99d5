"""The reader on the heatmap: which strategy and side, and along which axes."""

from tui.lines.heatmap.choice import Across
from tui.pages import Page
from tui.panels.heat.page import HeatmapPage
from tui.screen.paging import PagingScreen
from tui.screen.travel import ScreenPorts


class HeatScreen(PagingScreen):
    """A screen one of whose pages is the heatmap."""

    def __init__(self, ports: ScreenPorts) -> None:
        super().__init__(ports)
        self.heatmap = HeatmapPage(id="heatmap")
        self.pages[Page.HEATMAP] = self.heatmap

    def action_expiry(self, by: int) -> None:
        """Choose another expiry."""
        raise NotImplementedError

    @property
    def is_on_heatmap(self) -> bool:
        """Whether the heatmap is the page that is shown."""
        return self.page is Page.HEATMAP

    def action_strategy(self) -> None:
        """Turn to the next strategy."""
        self.view.tile.next_strategy()
        self.redraw()

    def action_side(self) -> None:
        """Turn from calls to puts, or back."""
        self.view.tile.next_side(self.heatmap.index)
        self.redraw()

    def action_axes(self) -> None:
        """Put something else along an axis of the page."""
        if self.paged is not None:
            self.paged.turn_axes(self.view)
            self.redraw()

    def action_turn(self, by: int) -> None:
        """Turn to another expiry; on the heatmap to another value of what is the same all over it, expiry or width."""
        if not self.is_on_heatmap or self.view.tile.across is Across.WIDTH:
            self.action_expiry(by)
        else:
            self.view.tile.step_width(self.heatmap.index, by)
            self.redraw()
