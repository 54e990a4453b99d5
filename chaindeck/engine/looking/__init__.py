"""Reads for the screen what stands beside the snapshots, of what is looked at and nothing else.

```
readers  both readers, what they look at, and their parts
reader   what both have in common: listens, reads, and begins anew where that fails
model    the heatmap model of an underlying, by its diffs
staging  the staging of a chain, by the fields that flushes name
```
"""
