"""The server itself.

```
embedded    a Valkey or Redis of this user's own on a private socket, which ends with its owner
info        what a server says of itself
skew        how far this machine's clock and the server's lie apart
```
"""
