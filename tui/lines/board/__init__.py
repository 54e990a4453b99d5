"""The expiry board.

```
table   one line for every expected chain
filter  which of them the reader wants to see
words   states and flags as the board writes them
```
"""
