"""The contract as code, the ground floor. Arrows point down.

```
audit      what a publisher of the contract keeps and breaks, clause by clause
monitor    Board, trackers, rules, watcher, heartbeat and events
redis      connection, embedded server, and the only code that touches contract keys
analytics  what is computed from a snapshot
model      keys, snapshot, strike grid, sessions
errors, text, clock, tasks, thresholds   what all rooms stand on
```
"""
