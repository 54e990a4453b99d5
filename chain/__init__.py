"""The contract as code, the ground floor: every package above stands on this one, and this one on none of them.

```
audit       what a publisher of the contract keeps and what it breaks, clause by clause
monitor     from what Redis answered to a Board, and from a Board to a report
redis       connections, the embedded server, and the only code that touches contract keys
analytics   what is computed from a snapshot
pipeline    what stands beside the snapshots, as values: stream, staging, heatmap
model       the contract as values: keys, snapshot, strike grid, trading sessions
decode      everything that comes from outside, bounded and read by type
supervisor  parts of a program: one that fails is restarted, and ends no other
context     made once per run: clock, key schema, limits, identity
causes      why something outside failed, and the remedy
thresholds  every limit of freshness
clock       the clock, for reading and waiting: the machine's own, or one moved by hand
tasks       ending tasks reliably
text        the one sanitiser for text from outside
private     folders and files of this user alone; what child processes are given of our environment
errors      the errors that users see
```
"""
