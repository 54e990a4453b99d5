"""The menu of what can be exported of what is on screen."""

from textual.binding import Binding

from tui.dialogs.menu import Menu

CSV, JSON, SVG = "csv", "json", "svg"
_CHOICES = (
    (CSV, "CSV   a table, with units and where it comes from"),
    (JSON, "JSON  the payload exactly as published; the heatmap's model"),
    (SVG, "SVG   the screen as a picture"),
)


class ExportMenu(Menu):
    """Offers the formats; its result is the chosen one, empty for none."""

    BINDINGS = [Binding("e", "dismiss('')", show=False)]

    def __init__(self, what: str, folder: str) -> None:
        super().__init__(f"export {what}\ninto {folder}", _CHOICES)
