"""What is computed from a snapshot, each number with its convention. No I/O.

```
derive         all that is shown of a snapshot, in one step
headline       the numbers above a grid: ATM IV, straddle, expected move
slice          a grid with the time that each root has left, and its row at the money
measures       each derived number with its convention, inputs and contracts
painted        a grid with the stream's newer values over the snapshot's
realised       realised volatility from the spots that were seen, and how it compares to implied
black_scholes  worth, greeks and implied volatility
diff           what changed of a chain between two snapshots
```
"""
