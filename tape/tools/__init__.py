"""What is done with whole tapes: looked over, verified, salvaged, cut, joined and exported.

```
info        what is on a tape
verify      whether a tape is sound
write       new tapes from old ones: salvaged, cut, joined
ndjson      a tape's snapshots as lines of JSON
parquet     a tape's snapshots as Parquet, one row a contract
looks       what chains' pointers led to, look by look
scan        goes through a tape that may be damaged
```
"""
