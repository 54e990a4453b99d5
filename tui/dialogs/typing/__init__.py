"""Dialogs in which the reader types.

```
typed   what they have in common: a line that is typed
time    the time to go to
filter  the chains that the board is to list
```
"""
