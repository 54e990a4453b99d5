"""The demo menu: every state at a keypress, in a mock only."""

from collections.abc import Sequence

from textual.binding import Binding

from tui.dialogs.menu import Menu


class DemoMenu(Menu):
    """Offers the faults; its result is the chosen fault's name, empty for none."""

    DEFAULT_CSS = "DemoMenu > Vertical { border: round $warning; }"
    BINDINGS = [Binding("d", "dismiss('')", show=False)]

    def __init__(self, faults: Sequence[tuple[str, str]], chain: str) -> None:
        super().__init__(f"MOCK: do what to {chain}?", faults)
