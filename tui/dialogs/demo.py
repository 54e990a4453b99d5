"""The demo menu: every state at a keypress, in a mock only."""

from collections.abc import Sequence

from tui.actions.bindings import closed_by
from tui.actions.keymap import Keymap
from tui.dialogs.menu import Menu


class DemoMenu(Menu):
    """Offers the faults; its result is the chosen fault's name, none where the key that opened it has closed it."""

    DEFAULT_CSS = "DemoMenu > Vertical { border: round $warning; }"

    def __init__(self, faults: Sequence[tuple[str, str]], chain: str, keymap: Keymap) -> None:
        super().__init__(f"MOCK: do what to {chain}?", faults)
        self._bindings = closed_by(self._bindings, keymap, "demo")
