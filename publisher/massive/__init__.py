"""Live data from Massive: the vendor's API, and the source built on it.

```
source         the source: requests per cycle, complete windows or none
profile        which strikes to request next
market_status  whether the market is open, and its holidays
rows           whether a row belongs to the request
api            the REST client, its limits and its faults
```
"""
