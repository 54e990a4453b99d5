"""The deck's screen and its pages, in layers: each adds to the one below what a reader can do.

```
deck        what is on screen, and when it is brought up to date
arranging   presets, the log, a line of hints
asking      where a number comes from, and what is on screen as a file
filtering   the board by words
moving      where keys and the mouse lead
across      the reader on the pages of several expirations
heat        the reader on the heatmap
paging      the pages, and the cursor of each
travel      the reader in the past: moves, marks, and what only the present can be asked for
```
"""
