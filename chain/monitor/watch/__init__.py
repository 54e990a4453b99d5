"""From what a reader answers to a Board.

```
watcher         the poll loop: asks a reader until the tracker wants nothing more
tracker         all that a watcher knows: what to ask for next, and the Board. No I/O
chain_tracker   one chain as its answers come in
record_updates  what each answer makes of a chain's record
registry        which chains are expected
state           all that a tracker knows between two looks, frozen, and as bytes
contact         whether what is read from answers
port            what a reader is asked, and what it answers
redis_reader    the reader of a real Redis; a recording is another
```
"""
