"""A replay of tapes.

```
compose         a replay put together, and what is closed after it
controls        a replay steered from the screen
guide           what is on the tapes that are played, and where a step leads
tape_recording  tapes as the recording that a replay plays
```
"""
