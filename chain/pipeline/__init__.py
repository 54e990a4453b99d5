"""What stands beside the snapshots, as values: the stream's events, staging, and the heatmap model. No I/O.

```
ticker         option tickers, parsed and built
events         trades and quotes, read from the frames of the vendor's stream
frame          whole frames, as they are received and as the vendor writes them
staging        the working state of a chain: a snapshot's values with the stream's painted over them
heatmap        the heatmap model: the debit of every strategy at every strike and width
heatmap_index  which tiles a model has, by strike, width, expiration and side
follow         a reader's copy of that model, kept up to date by diffs
```
"""
