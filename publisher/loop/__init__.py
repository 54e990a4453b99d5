"""The publishing loop.

```
publisher        the publisher: its parts, and its public operations
cadence          turns on a schedule, and on request
cycle_runner     one cycle: each underlying that we lead, each expiration on its own
own_heartbeat    a publisher's report about itself
asking           queries a source in bounded time
cycle            what one cycle did
tally            counts what is published
event_publisher  publishes what the publisher's own watcher sees
```
"""
