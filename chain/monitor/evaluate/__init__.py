"""From a Board to words: states, flags, rules and the report in which every voice finds them. Pure functions.

```
signals     evaluates a Board: the way in
report      what comes out: a status of each chain, and signals for what is wrong
rules       one rule a signal
causality   root cause first: which signals can follow from which
freshness   the age of a chain, and the state that it makes
flags       what stands beside a state
provenance  how old the vendor's data are, and whether the options trade now
serialize   the report as JSON: one form for heartbeat, status and events
```
"""
