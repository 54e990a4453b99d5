"""The stream of increments beside the snapshots.

```
signs   when the stream was last active, as a poll reads it
writer  adds frames, keeps their counts and the list of subscriptions
```
"""
