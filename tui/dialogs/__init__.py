"""Dialogs over the deck.

```
dialog      what every dialog has in common
reading     a dialog to read in
provenance  where a number comes from
help        the help
help_lines  the help as lines
menu        lines to choose from
demo        the faults of a demo
export      the formats of an export
typing      what the reader types: a time to go to, a filter
decisions   what a reader decides beyond where to look
```
"""
