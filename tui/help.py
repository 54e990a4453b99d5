"""The help: keys from the screen's own bindings, then what the words mean."""

from collections.abc import Iterable

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.widgets import Static

from tui.dialog import Dialog

_WORDS = """
FRESH          age within twice the publishing interval and 2 s
AGING  ·       older than that
STALE  !       older than three intervals and 5 s
FUTURE >       its stamp is more than 2 s ahead of this machine's clock
INVALID x      the payload breaks the contract; the last good one stays, labelled
DANGLING x     the pointer names a payload that is gone
MISSING x      expected, and no pointer there
UNREACHABLE x  Redis does not answer: nothing is known now, ages go on

age    the worse of two: by the wall clock since the snapshot's ts, and since this
       deck first saw its pointer. Reading again never resets it.
ttl    seconds until the pointer vanishes from Redis
flags  PART one side or a fetch is missing   DLY delayed quotes   OLD quotes older
       than the snapshot   BACK the pointer went back   OFF market closed
       MOCK CAPTURE REPLAY: not the live market   CHANGED live to mock, mock to
       live, or the like: s acknowledges it, else it is told for an hour
grid   [6930] is the ATM; the dashed rule is the spot; ┃ marks the side in the
       money; ▴ ▾ differ from the snapshot before; - means not there, never zero
       x crossed, = locked, n negative: shown, and left out of every derived number
EM     one standard deviation: spot * ATM IV * sqrt(years of 365 days)
"""


class HelpScreen(Dialog[None]):
    """Keys and words. Any of `?`, Escape and q closes it."""

    DEFAULT_CSS = """
    HelpScreen { align: center middle; }
    HelpScreen > VerticalScroll { width: 90; max-width: 100%; height: auto; max-height: 90%;
        border: round $primary; background: $surface; padding: 0 2; }
    HelpScreen Static { width: auto; }
    """
    BINDINGS = [Binding("escape,question_mark,q", "dismiss", "Close")]

    def __init__(self, bindings: Iterable[Binding]) -> None:
        super().__init__()
        self._keys = [(b.key_display or b.key.replace(",", " "), b.tooltip or b.description) for b in bindings]

    def compose(self) -> ComposeResult:
        """Lay out keys, then words."""
        keys = "\n".join(f"{key:<22} {words}" for key, words in self._keys if words)
        with VerticalScroll():
            yield Static(f"chaindeck\n\n{keys}\n{_WORDS}", markup=False)
