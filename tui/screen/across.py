"""The reader on the pages of several expirations: by which convention gamma exposure is told."""

from tui.pages import Page
from tui.panels.across.measures import MeasuresPage
from tui.panels.across.straddles import StraddlesPage
from tui.panels.charts import ChartsPage
from tui.screen.heat import HeatScreen
from tui.screen.travel import ScreenPorts


class AcrossScreen(HeatScreen):
    """A screen some of whose pages show what the expirations of an underlying say together."""

    def __init__(self, ports: ScreenPorts) -> None:
        super().__init__(ports)
        self.measures = MeasuresPage(id="measures-page")
        self.straddles = StraddlesPage(id="straddles-page")
        self.pages |= {
            Page.MEASURES: self.measures,
            Page.STRADDLES: self.straddles,
            Page.CHARTS: ChartsPage(id="charts-page"),
        }

    def action_gex(self) -> None:
        """Tell gamma exposure by the next convention."""
        self.view.gex = self.view.gex.following
        if self.view.frozen_at is not None:
            self.app.clear_notifications()
            self.notify("frozen: told by the other convention once the view goes on", markup=False)
        self.redraw()
