"""The publishing loop.

```
publisher        puts the others together: parts to run, and what may be asked of them
cadence          turns on a schedule, and when one is asked for
cycle_runner     one cycle: each underlying that we lead, each expiration on its own
own_heartbeat    what a publisher says of itself
asking           asks a source in bounded time
cycle            what one cycle did
heartbeat_loop   heartbeats to our Redis and to a system Redis
event_publisher  tells what the publisher's own watcher sees
```
"""
