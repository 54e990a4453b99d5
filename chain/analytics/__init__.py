"""What is computed from a snapshot, each number with its convention. No I/O.

```
headline    the numbers above a grid: ATM IV, straddle, expected move
```
"""
