"""The only code that touches contract keys; a test holds the rest of the product to that.

```
publish       room: snapshots written, payload first, then the pointer, which moves forward only
coordination  room: heartbeats, events, leases and the mark of a live publisher
store         the contract keys under one prefix, read through their pointers
poll_command  reads pointers, heartbeats and the stream's activity in one round trip
scan          finds pointers by SCAN, in steps
models        the heatmap model of an underlying: written with its diff in one step, and read
stream        room: the stream of increments, and what a poll reads of its activity
staging       the merged state of each chain: written in one step by the compositor, read by anybody
channel       what is said on a channel, with every interruption told
inspection    values and deadlines of keys, for the audit of a publisher
kinds         the kind of source recorded with each pointer
scripts       the Lua scripts, read once and run by digest
lua           their files: KEYS, ARGV and what each returns are documented there
```
"""
