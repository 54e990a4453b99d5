"""From answers to a tape: what was new in each, the writing thread, one file per trading day.

```
reader      a reader that also passes its answers to a recorder
tap         where a watcher's answers are drawn off, with what it knows now and then
ring        recent answers, in memory
status      how a recording is going, and what is measured of it
recorder    the thread that owns the tape, and commits once a second
changes     what was new in each answer
backlog     what waits to be written, bounded in bytes
days        a file for each trading day, and how long they are kept
```
"""
