"""What a watcher knows beside chains and publishers.

```
companions    recorder and compositor, by heartbeats of their own
stream_rates  frames and events a second, from the counts of the stream's writer
```
"""
