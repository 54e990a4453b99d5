"""Live data from Massive: the vendor's API and its stream, and the sources built on them.

```
source         the source: requests per cycle, complete windows or none
profile        which strikes to request next
market_status  whether the market is open, and its holidays
rows           whether a row belongs to the request
stream         the vendor's stream of trades and quotes
api            the REST client, its limits and its faults
```
"""
