"""The pages of the deck: numbers choose one, and while it is on screen keys and the mouse lead its cursor."""

from textual.widget import Widget

from chain.model.keys import ChainId
from tui.actions.catalogue.everything import is_offered_on
from tui.pages import Page, Panel, Place
from tui.panels.page import PageWidget
from tui.screen.travel import ScreenPorts, TravelScreen


class PagingScreen(TravelScreen):
    """A screen with pages. The first is no widget of its own: it is what stands where no page does."""

    def __init__(self, ports: ScreenPorts) -> None:
        super().__init__(ports)
        self.page = Page.DECK
        self.pages: dict[Page, PageWidget] = {}

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what concerns a page only where that is shown."""
        return is_offered_on(self.page, action) and super().check_action(action, parameters)

    @property
    def paged(self) -> PageWidget | None:
        """The page that is shown; None while that is the first."""
        return self.pages.get(self.page)

    @property
    def places(self) -> tuple[Place, ...]:
        """What the reader is looking at: the panel that has the focus, or the page; in the past the timeline, too."""
        focused = next((panel for panel in Panel if self.focused is not None and self.focused.id == panel), None)
        if focused is Panel.TIMELINE:
            return (Panel.TIMELINE,)
        here: Place = self.page if self.paged is not None else focused or Panel.BOARD
        return (here, Panel.TIMELINE) if self.view.past else (here,)

    def action_show_page(self, name: str) -> None:
        """Turn to a page."""
        self.page = Page(name)
        for page, widget in self.pages.items():
            widget.display = page is self.page
        self.set_class(self.page is not Page.DECK, "-paged")
        self.key_bar.page = self.page
        self.turned_page()

    def action_next_page(self) -> None:
        """Turn to the page with the next number, behind the last to the first."""
        pages = list(Page)
        self.action_show_page(pages[(pages.index(self.page) + 1) % len(pages)])

    def turned_page(self) -> None:
        """Go on with another page on screen."""
        raise NotImplementedError

    def move_cursor(self, page: PageWidget, rows: int, columns: int) -> None:
        """Move the cursor of a page by lines and columns."""
        self._look_at(page.move(self.view, rows, columns))

    def move_page(self, page: PageWidget, way: int) -> None:
        """Move the cursor of a page by as many lines as are seen at once."""
        self._look_at(page.move_page(self.view, way))

    def point_at(self, page: PageWidget, panel: Widget, row: int, x: int) -> None:
        """Put the cursor of a page under the mouse."""
        self._look_at(page.point_at(self.view, panel, row, x))

    def _look_at(self, chain: ChainId | None) -> None:
        known = self._here.board.chains.records if self._here else ()
        if any(record.chain == chain for record in known):
            self.view.select(chain)
        self.redraw()
