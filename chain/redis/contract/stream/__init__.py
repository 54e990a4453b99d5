"""The stream of increments beside the snapshots.

```
signs   when the stream was last active, as a poll reads it
group   the compositors' consumer group: read, claimed, acknowledged
ids     ids of entries, and their order
tail    follows the stream from its end
writer  adds frames, keeps their counts and the list of subscriptions
```
"""
