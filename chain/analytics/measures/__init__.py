"""The measures of a chain and across chains: each a number with its convention, its inputs and its contracts. No I/O.

```
measure     a derived number and what it rests on
atm         volatility, straddle, expected move, implied forward
wings       smile, risk reversal and butterfly at 25 delta
interest    puts over calls, max pain
gamma       gamma exposure by strike, its walls, zero gamma by the running sum
flip        zero gamma by the profile over levels of the underlying
contracts   IV from mids, the vendor's greeks against Black-Scholes
chain       all measures of one chain
underlying  forward volatility, term structure and totals across expiries
```
"""
