"""What is asked of a cell: the figure that each column shows, by the name that explanations know it by."""

from chain.monitor.explain.fields import QUOTE
from chain.monitor.explain.fields import STRIKE as STRIKE_FIGURE
from tui.lines.grid.columns.catalogue import STRIKE

FIGURE_OF = {
    STRIKE: STRIKE_FIGURE,
    "Bid": "bid",
    "Ask": "ask",
    "Mid": "mid",
    "Last": "last",
    "Close": "close",
    "Spr%": "spread",
    "Spr": "spread_points",
    "BSz": "bid_size",
    "ASz": "ask_size",
    "Quote": QUOTE,
    "Lag": "quote_age",
    "Traded": "trade_age",
    "IV": "iv",
    "IVmid": "iv_mid",
    "D": "delta",
    "Gamma": "gamma",
    "Theta": "theta",
    "Vega": "vega",
    "OI": "open_interest",
    "Vol": "volume",
    "Vol/OI": "volume_on_interest",
    "GEX": "gex",
    "OI bar": "open_interest",
    "Vol bar": "volume",
}
