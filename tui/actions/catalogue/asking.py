"""Where numbers come from, and taking them along."""

from tui.actions.action import Action

ASKING = (
    Action(
        id="inspect",
        keys=("i",),
        call="inspect",
        word="inspect",
        help="where the chosen chain's figures on the board and over the grid come from; enter in the grid: one figure",
        title="Where the figures come from",
    ),
    Action(
        id="copy",
        keys=("y",),
        call="copy",
        word="copy",
        help="copy the figure under the cursor; from the board the payload's key, from a provenance all of it",
        title="Copy",
    ),
    Action(
        id="export",
        keys=("e",),
        call="export",
        word="export",
        help="what is on screen as a file: a table (CSV), the payload as published (JSON), a picture (SVG)",
        title="Export",
    ),
)
