"""The only code that touches contract keys; a test holds the rest of the product to that.

```
publish       room: snapshots written, payload first, then the pointer, which moves forward only
coordination  room: what publishers leave beside the chains
store         the contract keys under one prefix, read through their pointers
poll_command  reads pointers, heartbeats and the stream's activity in one round trip
scan          finds pointers by SCAN, in steps
stream        signs of life of the stream
inspection    keys as they stand, value and deadline, for who checks a publisher
kinds         what a record of the kind of source beside a pointer says
scripts       the Lua scripts, read once and run by digest
lua           their files: KEYS, ARGV and what each returns are documented there
```
"""
