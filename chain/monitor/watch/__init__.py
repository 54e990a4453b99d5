"""From a reader's answers to a Board.

```
watcher         the poll loop: asks a reader until the tracker needs nothing more
tracker         everything a watcher knows: what to request next, and the Board. No I/O
chain_tracker   one chain as its answers come in
record_updates  how each answer changes a chain's record
registry        which chains are expected
state           everything a tracker knows between two polls, frozen, and as bytes
beside          room: recorder and compositor, and the stream's rates
contact         whether Redis answers, since when, and steps of the wall clock
port            what a reader is asked, and what it answers
redis_reader    the reader of a real Redis; a recording is another
```
"""
