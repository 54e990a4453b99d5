"""Connecting to a Redis, and why that failed.

```
address      a Redis URL, parsed completely
connection   a client from an address: bounded in time, its failures described
transports   the connections under a client: TCP, TLS, unix socket
sentinel     the primary, found by Sentinel
tls          TLS settings of a URL
reply_limit  how many bytes the replies of one operation may have
optional     commands that are sent only where this Redis and this user allow it
causes       why a Redis failed, and the cure
```
"""
