"""The contract as values: key names, snapshot, strike grid, trading sessions. No I/O.

```
keys        every Redis name of the contract, built and parsed
kinds       kinds of source, and their names
snapshot    the chain snapshot, validated on the way in and on the way out
contract    a vendor's contract item, typed
placement   a contract's place in its chain: the one rule for which rows are usable
grid        the strike grid: rows by root and strike, calls beside puts
summary     counts and data age of a snapshot, in one pass over its contracts
session     trading dates in New York: today, tradable, open, days to expiry, typed times
calendar    trading days and closing times of the exchanges
```
"""
