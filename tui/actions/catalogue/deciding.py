"""What concerns more than the view: faults of a mock, what an operator decides, the log, the help, the end."""

from tui.actions.action import Action, Need
from tui.actions.keys import PALETTE
from tui.pages import Panel

DECIDING = (
    Action(
        id="demo",
        keys=("d",),
        call="demo",
        word="demo",
        help="in a mock: faults at a keypress",
        title="Faults",
        need=Need.DEMO,
        first=frozenset({Panel.BOARD}),
    ),
    Action(
        id="acknowledge",
        keys=("s",),
        call="acknowledge",
        word="acknowledge",
        help="acknowledge that a source has changed",
        title="Acknowledge sources",
        need=Need.OPERATOR,
        first=frozenset({Panel.BOARD, Panel.SIGNALS}),
    ),
    Action(
        id="acknowledge-alerts",
        keys=("K",),
        call="acknowledge_alerts",
        word="alerts",
        help="acknowledge raised alerts, which stay listed until over; with the focus on the signals the one on top",
        title="Acknowledge alerts",
        need=Need.OPERATOR,
    ),
    Action(
        id="publish-again",
        keys=("p",),
        call="publish_again",
        word="publish",
        help="publish again, after giving way to a live publisher",
        title="Publish again",
        need=Need.OPERATOR,
    ),
    Action(
        id="record",
        keys=("r",),
        call="record",
        word="record",
        help="record what is shown on a tape; again: end it",
        title="Record",
        need=Need.OPERATOR,
    ),
    Action(
        id="log",
        keys=("m",),
        call="log",
        word="log",
        help="the log's messages, newest line last",
        title="Log",
        first=frozenset({Panel.SIGNALS}),
    ),
    Action(
        id="palette",
        keys=(PALETTE,),
        call="palette",
        word="commands",
        help="every command by its name; this key stays, whatever others are chosen",
    ),
    Action(id="help", keys=("?",), call="help", word="help", help="this help"),
    Action(id="quit", keys=("q",), call="quit", word="quit", help="quit"),
)
