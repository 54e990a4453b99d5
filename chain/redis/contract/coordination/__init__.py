"""What publishers write besides the chains: for each other and for readers.

```
announce    heartbeats and events, kept and published
live_mark   the mark of a live publisher, and other signs of one
leases      which publisher of a service publishes an underlying
```
"""
