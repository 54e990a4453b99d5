"""The heatmap model of an underlying, made of the mids in staging.

```
publisher  publishes the models: diffs often, the whole less often, nothing of stale inputs
legacy     a model in the form that MarketSwarm's own readers know
snapshots  the model of snapshots alone, for an instant of the past
freshness  how fresh each expiration of a model is, and which have no place in it
builder    the model of an underlying, and what changed in it
chain      one expiration: its mids, its tiles, and which of them have to be made again
positions  which positions a chain's listed contracts allow, by the name of their tile
tiles      what a position costs: butterflies, verticals and single options
options    what a model covers, how wide spreads are, and how often it is published
```
"""
