"""The heatmap as lines: what a strategy costs at each strike, across widths or across expirations.

choice     which tile is looked at, and along which axes
matrix     the tiles of a page, by row and column
scale      which step of the colours a debit has
table      the body: a line a strike, the spot ruled between two of them
freshness  how old the model is, and why there is none
frame      the title, the legend, and the line under the tiles
tile       one tile in full
"""
