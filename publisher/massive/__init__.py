"""Live data from Massive: the REST client with its limits and faults, and the source made of it.

```
source         the source: what each cycle asks for, whole windows or none
profile        which strikes to ask for next
market_status  whether the market is open, and its holidays
vendor         the REST API over one client: bounded, rate limited
breaker        when nobody asks for a while
reply          one answer, read under limits
rows           whether a row belongs to what was asked for
transport      why a request got no answer
faults         what can go wrong, by name
proxy          which proxy stands between
address        where the vendor is asked
```
"""
