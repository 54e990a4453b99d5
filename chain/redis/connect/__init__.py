"""How a Redis is reached, and why it could not be.

```
address      a Redis URL, read to the last letter
connection   a client from an address: bounded in time, its failures in words
transports   the connections under a client: TCP, TLS, unix socket
sentinel     the primary that Sentinels name
tls          what a URL asks of TLS
reply_limit  how many bytes the replies of one operation may have
optional     commands that are sent only where this Redis and this user allow it
causes       why a Redis failed, and the cure
```
"""
