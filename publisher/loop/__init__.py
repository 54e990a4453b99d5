"""The publishing loop.

```
publisher        a fixed cadence, each expiration on its own
asking           asks a source in bounded time
cycle            what one cycle did
heartbeat_loop   heartbeats to our Redis and to a system Redis
event_publisher  tells what the publisher's own watcher sees
```
"""
