"""The panels of the main screen: the widgets that carry lines.

```
side        board, signals and chart, and how they share their height
grid        the strike grid, and the cursor over it
widgets     each panel as a widget that keeps its own state
line_panel  a panel of lines: fixed head, scrolled body, repaints what changed
page        what every page but the first has in common
across      the pages that show several expirations of an underlying
charts      the charts' page: as many as there is room for
heat        the heatmap's page: the tiles, and one of them in full
timeline    what is recorded, along the bottom, and where one stands in it
age_chart   the age of the selected chain over two minutes
```
"""
