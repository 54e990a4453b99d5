"""The compositor: paints the stream over the snapshots, and keeps staging and the heatmap model.

```
flush    what it hands on for each chain that it has written
heatmap  room: the heatmap model, made of the mids in staging
```
"""
