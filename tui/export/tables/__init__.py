"""What is on each page as a table.

```
board      the expected chains and how each stands
grid       the strike grid
diff       what changed of a chain between two instants
heatmap    the tiles of a page of the heatmap
measures   the measures of an underlying
straddles  its straddles
charts     the curves of a chart
```
"""
