"""What is on screen as files of the reader's own.

```
file       a private file under a name of its own, which replaces none
name       the name: what it is of, and of when
table      a table as CSV, after lines that say where it comes from
grid       the strike grid as a table
measures   the measures of an underlying as a table
straddles  its straddles as a table
heatmap    the heatmap as a table
charts     a chart as a table
svg        the screen as a picture
```
"""
