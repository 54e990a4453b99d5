"""A menu over the deck: lines to choose from, by the cursor, a click, or a key of their own."""

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from tui.dialogs.dialog import Dialog


class Menu(Dialog[str]):
    """Offers choices, each a name and what it says; its result is the chosen name, empty for none."""

    DEFAULT_CSS = """
    Menu { align: center middle; }
    Menu > Vertical { width: 72; max-width: 100%; height: auto; border: round $primary; background: $surface;
        padding: 0 1; }
    Menu OptionList, Menu OptionList:focus { height: auto; max-height: 16; border: none; background: $surface; }
    """
    BINDINGS = [
        Binding("escape,q", "dismiss('')", "Close"),
        Binding("enter", "choose", show=False, priority=True),
        Binding("j", "move('down')", show=False),
        Binding("k", "move('up')", show=False),
    ]

    def __init__(self, title: str, choices: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self._title = title
        self._menu = OptionList(*(Option(words, id=name) for name, words in choices), markup=False)

    def compose(self) -> ComposeResult:
        """List the choices under what they are of."""
        with Vertical():
            yield Static(self._title, markup=False)
            yield self._menu

    def action_move(self, way: str) -> None:
        """Move the cursor as the deck's own lists do."""
        self._menu.action_cursor_down() if way == "down" else self._menu.action_cursor_up()

    def action_choose(self) -> None:
        """Close with the choice under the cursor, before the next key is heard."""
        option = self._menu.highlighted_option or self._menu.get_option_at_index(0)
        self.dismiss(option.id or "")

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Close with what was clicked."""
        self.dismiss(event.option.id or "")
