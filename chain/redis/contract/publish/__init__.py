"""Publishing: how a snapshot is written and its pointer moved, and what came of it.

```
writer        what every publish has in common, whatever it writes to
node_writer   all in one request, on one server
step_writer   payload and pointer in two steps, on a cluster and where a place is taken
draft         a snapshot ready to be sent, and how its publishing ends
reply         what the scripts answer, typed
fault_writer  faults made on purpose, in chains that hold no live data
records       the kinds of source recorded beside chains, looked at and changed
```
"""
