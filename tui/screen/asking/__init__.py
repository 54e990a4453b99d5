"""The reader asks for what is behind the screen.

```
exporting   what is on screen as a file
provenance  where a number comes from
```
"""
