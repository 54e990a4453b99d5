"""The compositor: paints the stream over the snapshots, and keeps staging and the heatmap model.

```
service     a compositor put together: its parts, and how it ends
own_beat    its report about itself
compositor  one leads, others stand by
term        one term of leading: from what stands in Redis to the first whole staging, and on
stager      writes what has changed, and keeps how each chain stands
reading     reads the stream through the consumer group
inputs      which snapshots may be built on, as a Board shows them
flush       what it hands on for each chain that it has written
merge       room: what staging shows, made of snapshots and events
heatmap     room: the heatmap model, made of the mids in staging
```
"""
