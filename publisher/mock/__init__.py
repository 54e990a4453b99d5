"""An invented market that moves like one, listed and quoted in the vendor's own shapes.

```
source      the source: the same market for the same seed and clock
listing     trading days, expirations, roots, strikes and tickers
market      spots, volatility smile, quotes, volume and open interest. Pure maths
```
"""
