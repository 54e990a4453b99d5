"""What is recorded from within this program.

```
deck_recording  what the deck shows, begun and ended by its reader
own_beat        what a recorder of this process says of itself
memory_store    chains in memory in place of a Redis, for days that are made
```
"""
