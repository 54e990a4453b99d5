"""Evaluation of a Board: states, flags, signals and the report that every output uses. Pure functions.

```
signals     evaluates a Board: the entry point
report      the result: a status for each chain, and signals for what is wrong
rules       one rule per signal
causality   root cause first: which signals can follow from which
freshness   the age of a chain, and its state
flags       what is shown in addition to a state
provenance  how old the vendor's data are, and whether the options trade now
feed        the stream that a publisher feeds, in words
serialize   the report as JSON: one form for heartbeat, status and events
marks       what happened, as marks on a line of time
```
"""
