"""What the screen is given by whoever composes it.

```
board_source  Boards from another thread, an operator's decisions, the faults of a demo
alerts        how alerts stand, and what is to be heard of them
time_travel   the recorded past, and how to move in it
```
"""
