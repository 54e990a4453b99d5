"""What is asked of a cell: the figure that each column shows, by the name that explanations know it by."""

from chain.monitor.explain.fields import STRIKE as STRIKE_FIGURE
from tui.lines.grid.columns import STRIKE

FIGURE_OF = {
    STRIKE: STRIKE_FIGURE,
    "OI": "open_interest",
    "Vol": "volume",
    "Last": "last",
    "Vega": "vega",
    "Theta": "theta",
    "Gamma": "gamma",
    "IV": "iv",
    "D": "delta",
    "Spr%": "spread",
    "Mid": "mid",
    "Bid": "bid",
    "Ask": "ask",
    "Close": "close",
}
