"""What is computed from a snapshot, each number with its convention. No I/O.

```
derive      all that is shown of a snapshot, in one step
headline    the numbers above a grid: ATM IV, straddle, expected move
painted     a grid with the stream's newer values over the snapshot's
diff        what changed of a chain between two snapshots
```
"""
