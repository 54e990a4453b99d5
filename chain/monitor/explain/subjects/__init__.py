"""Explanations by what is asked of.

```
cell       a figure of one contract
axis       what stands beside a strike: its distance, and the levels nearest to it
chain      a chain's line on the board, and what stands over its grid
measure    a measure of a chain, or of all expirations of an underlying
straddle   a straddle at any strike
tile       a tile of the heatmap
contracts  the contracts that a number at a strike rests on
```
"""
