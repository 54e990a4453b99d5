"""The panels of the main screen, each a pure function from a report to lines, and the widget that shows lines.

```
widgets     the panels as widgets
line_panel  a panel of lines: fixed head, scrolled body, repaints what changed
lines       lines of styled text as plain data
figures     figures as the desk reads them
strip       the two top lines
board       the expiry board
signals     the signals, root cause first
grid        the strike grid
age_chart   the age of the selected chain over two minutes
```
"""
