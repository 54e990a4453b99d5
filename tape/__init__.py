"""Recordings (tapes): a reader's answers, written to disk and played from it.

```
tools       operations on whole tapes
record      from answers to a tape
play        from a tape to answers
store       the tape as a file
memory      a tape in memory
frames      entries of the stream, as one value for each read
errors      what is wrong with a tape
```
"""
