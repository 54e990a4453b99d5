"""Publishing: writing a snapshot, moving its pointer, and the outcome.

```
writer        publishing to a Redis, one server or a cluster
node_writer   everything in one request, on one server
step_writer   payload and pointer in two steps, on a cluster or when a payload key is taken
draft         a snapshot ready to be sent, and its outcome
reply         the scripts' replies, typed
fault_writer  faults made on purpose, in chains that hold no live data
analytics     counts of snapshots, for others to see
records       reads and changes the recorded kinds of source
```
"""
