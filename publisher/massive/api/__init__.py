"""The vendor's REST API: bounded, rate limited, every failure by name.

```
vendor      the API over one client
breaker     when nobody asks for a while
reply       one answer, read under limits
transport   why a request got no answer
faults      what can go wrong, by name
proxy       which proxy stands between
address     where the vendor is asked
```
"""
