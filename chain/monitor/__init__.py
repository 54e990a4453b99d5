"""From what Redis answered to a Board, and from a Board to a report.

```
watch           the poll loop, the expected chains, the state of each chain
explain         where a number on screen comes from, computed again from its snapshot
evaluate        states, flags, rules and the report that all outputs use
board           the Board: everything known at one instant, in frozen components
states          the vocabulary of states: of a chain, its flags, the whole deck
analytics       analytics of the chains on screen, derived once per snapshot
changes         state changes from Board to Board
alerts          thresholds of an operator's own: raised, acknowledged, over
events          signals raised and ended, an event for each
history         recent changes, as lines of text
heartbeat       a publisher's heartbeat, encoded and parsed
heartbeat_loop  any service's heartbeats to our Redis and to a system Redis
messages        heartbeat and event as JSON, by type
discovery       finds chains that no publisher announces
```
"""
