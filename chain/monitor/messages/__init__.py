"""Types of the published messages: writers, readers and the JSON Schemas all use these.

A field that may be omitted is `| UnsetType`; every other one is always written, and if it has a
default, readers accept messages without it.

```
heartbeat   a publisher's heartbeat, as read and as written
recorder    a recorder's heartbeat
compositor  a compositor's heartbeat
health      the state of the chains, in a heartbeat and in a status
status      what `status --json` prints
event       one signal raised or ended
mark        the mark under which a live publisher reserves a prefix
fields      field types that they share
services    service names of publishers and recorders, and the keys of their heartbeats
```
"""
