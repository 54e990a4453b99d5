"""Fills Redis with chain snapshots. Knows no screen.

```
loop        cadence, cycles, heartbeats and events
stream      the vendor's stream of trades and quotes, on its way into Redis
protection  keeps publishers out of each other's way
replay      a recording, played again
faults      faults on purpose, for demonstrations
mock        an invented market
massive     the live vendor
capture     recorded chains
exported    snapshots that were exported from a tape, as records of a capture
window     the window around the ATM: the one rule by which every source cuts
fields      a contract item as it came from the vendor
source      what the loop asks of any source
```
"""
