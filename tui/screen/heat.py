"""The reader on the heatmap, the second of the deck's pages: which tile is looked at, and along which axes."""

from chain.model.keys import ChainId
from tui.lines.heatmap.choice import Across
from tui.panels.heatmap import HeatmapPage, HeatPanel
from tui.screen.travel import ScreenPorts, TravelScreen

_HEATMAP_ONLY = ("strategy", "side", "axes", "other")


class HeatScreen(TravelScreen):
    """A screen with pages that numbers choose: the deck, and the heatmap."""

    def __init__(self, ports: ScreenPorts) -> None:
        super().__init__(ports)
        self.heatmap = HeatmapPage(id="heatmap")

    def turned_page(self) -> None:
        """Go on with another page on screen."""
        raise NotImplementedError

    def action_expiry(self, by: int) -> None:
        """Choose another expiry."""
        raise NotImplementedError

    @property
    def is_on_heatmap(self) -> bool:
        """Whether the heatmap is the page that is shown."""
        return self.has_class("-heatmap")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what concerns tiles only where they are shown."""
        if action in _HEATMAP_ONLY and not self.is_on_heatmap:
            return False
        return super().check_action(action, parameters)

    def action_show_page(self, name: str) -> None:
        """Turn to a page."""
        self.set_class(name == "heatmap", "-heatmap")
        self.key_bar.heatmap = self.is_on_heatmap
        self.turned_page()

    def move_tile(self, rows: int, columns: int) -> None:
        """Move the cursor by lines and columns of the heatmap."""
        self._look_at(self.heatmap.move(self.view, rows, columns))

    def point_at_tile(self, panel: HeatPanel, row: int, x: int) -> None:
        """Put the cursor on the tile under the mouse."""
        self._look_at(self.heatmap.point_at(self.view, panel, row, x))

    def _look_at(self, chain: ChainId | None) -> None:
        known = self._here.board.chains.records if self._here else ()
        if any(record.chain == chain for record in known):
            self.view.select(chain)
        self.redraw()

    def action_strategy(self) -> None:
        """Turn to the next strategy."""
        self.view.tile.next_strategy()
        self.redraw()

    def action_side(self) -> None:
        """Turn from calls to puts, or back."""
        self.view.tile.next_side(self.heatmap.index)
        self.redraw()

    def action_axes(self) -> None:
        """Put widths across, or expirations."""
        self.view.tile.turn()
        self.redraw()

    def action_other(self, by: int) -> None:
        """Turn to another value of what is the same all over the page: the expiration, or the width."""
        if self.view.tile.across is Across.WIDTH:
            self.action_expiry(by)
        else:
            self.view.tile.step_width(self.heatmap.index, by)
            self.redraw()

    def toggle_tile(self) -> None:
        """Show the tile under the cursor in full, or no longer."""
        self.view.tile.detail = not self.heatmap.tile.display
        self.redraw()
