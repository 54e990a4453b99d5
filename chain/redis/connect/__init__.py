"""How a Redis is reached, and why it could not be.

```
address     a Redis URL, read to the last letter
connection  a client from an address: bounded in time, its failures in words
links       the connections under a client
sentinel    the primary that Sentinels name
tls         what a URL asks of TLS
budget      how many bytes the replies of one operation may have
courtesy    what is done only where this Redis and this user allow it
causes      why a Redis failed, and the cure
```
"""
