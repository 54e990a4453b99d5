"""Redis: how it is reached, what it says of itself, and the only code that touches contract keys.

```
contract    what a poll reads, and what a publish writes
server      the embedded server, and what any server says of itself
connect     addresses, TLS, Sentinels, limits of time and bytes, and why a Redis could not be reached
```
"""
