"""What publishers and compositors write besides their data: for each other and for readers.

```
announce    heartbeats and events, kept and published
live_mark   the mark of a live publisher, and other signs of one
lease       who leads: one writer of a service at a time, and others that stand by
lease_lock  one lease, as a key in Redis
```
"""
