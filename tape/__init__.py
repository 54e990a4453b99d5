"""Recordings: what a reader of chain snapshots was answered, on disk, and from there again.

```
tools       what is done with whole tapes
record      from answers to a tape
play        from a tape to answers
store       the tape as a file
memory      a tape in memory
errors      what is wrong with a tape
```
"""
