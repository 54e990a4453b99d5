"""The vendor's REST API: bounded, rate limited, with named failures.

```
vendor      the API over one client
breaker     circuit breaker: no requests for a while after failures
reply       one answer, read under limits
transport   why a request got no answer
faults      the named failures
proxy       which proxy to use
address     the vendor's base URL
```
"""
