"""What publishers leave beside the chains: for each other, and for whoever listens.

```
announce    heartbeats and events, kept and published
live_mark   the mark of a live publisher, and what tells of one
leases      who of a service publishes an underlying
```
"""
