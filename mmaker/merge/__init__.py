"""What staging shows, made of snapshots and events. Pure: no I/O, no clock.

```
market    all chains, and which of them an event belongs to
state     one chain: what its snapshot says, and the latest of the stream over it
backdrop  what a snapshot says of one contract, every value with its time
```
"""
