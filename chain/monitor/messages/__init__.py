"""What is published beside the snapshots, by type: what is written, what is read, and the schemas are all this.

A field that may be left out of what is written is `| UnsetType`; every other one is always written, and where it has a
default, a reader does without it.

```
heartbeat  a publisher's beat, as it is read and as it is written
health     how the chains are, in a heartbeat and in a status
status     what `status --json` prints
event      one signal raised or ended
mark       what a live publisher leaves where it publishes
fields     the types that they share
```
"""
