"""Plays a recording into Redis: what was published then, byte for byte, in order, at any speed.

```
replay      puts the others together: parts to run, and what may be asked of them
heartbeat   what a replay says of itself, its clock above all
player      from turn to turn: waits, publishes, and does what it is told meanwhile
in_force    what a replay holds in Redis: published, kept alive, taken away
restamp     snapshots as of now, for consumers that know only live names
pace        how fast it really goes
clock       the replay's clock: any speed, pause, seek
read_ahead  turns read on a thread, while those before them are played
recording   what a player asks of a recording
```
"""
