"""Redis: how it is reached, what it says of itself, and the only code that touches contract keys.

```
contract    reads and writes of contract keys
server      the embedded server, and what any server says of itself
connect     addresses, TLS, Sentinel, limits on time and bytes, and causes of failures
```
"""
