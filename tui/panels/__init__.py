"""The panels of the main screen: the widgets that carry lines.

```
widgets     each panel as a widget that keeps its own state
line_panel  a panel of lines: fixed head, scrolled body, repaints what changed
age_chart   the age of the selected chain over two minutes
```
"""
