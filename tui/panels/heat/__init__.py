"""The heatmap's page.

```
page   the page: the tiles, and one of them in full
tiles  the tiles, whose window follows the cursor
```
"""
