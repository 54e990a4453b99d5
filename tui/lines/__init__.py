"""What is on screen, as lines: pure functions from a report or a grid. On a terminal, in a file or in a test.

```
line         a line of styled text as plain data
figures      figures as the desk reads them
strip        the two top lines
board        the expiry board
alerts       what an operator asked to be told of, above the signals
signals      the signals, root cause first
grid         the strike grid
expirations  the expirations of an underlying side by side
measures     the page of measures
straddles    the page of straddles
heatmap      what a strategy costs at each strike, across widths or expirations
charts       smile, term structure, gamma exposure, open interest, ages, latency
pipeline     snapshot, stream, staging and model in a line
provenance   where a number comes from
timeline     what is recorded, and where one stands in it
```
"""
