"""An invented market that moves like one, listed and quoted in the vendor's own shapes.

```
source      the source: snapshots of the exchange's chains
stream      the stream: the exchange's trades and quotes between them
exchange    spots that walk, their session, and the books of what is listed
book        the contracts of one root and expiry through one session
listing     trading days, expirations, roots, strikes and tickers
market      spots, volatility smile, quotes, volume and open interest. Pure maths
```
"""
