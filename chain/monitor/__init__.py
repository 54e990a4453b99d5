"""From what Redis answered to a Board, and from a Board to a report.

```
watch       the poll loop, the expected chains, the state of each chain
evaluate    states, flags, rules and the report in which every voice finds them
board       the Board: all that is known at one instant, a frozen component for each subject
states      the words for how things stand: of a chain, beside it, of the whole deck
analytics   what is shown of the chains that somebody looks at, derived once a snapshot
changes     what became of each chain's state from Board to Board
events      signals raised and ended, an event for each
history     what changed lately, as lines
heartbeat   what a publisher says of itself, written and read
messages    heartbeat and event as JSON, by type
discovery   finds chains that no publisher announces
```
"""
