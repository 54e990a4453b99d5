"""Live data from Massive: the vendor's API, and the source made of it.

```
source         the source: what each cycle asks for, whole windows or none
profile        which strikes to ask for next
market_status  whether the market is open, and its holidays
rows           whether a row belongs to what was asked for
api            the REST client, its limits and its faults
```
"""
