"""The contract as values: key names, snapshot, strike grid, trading sessions. No I/O.

```
keys        every Redis name of the contract, built and parsed
kinds       kinds of source, and what each is called
snapshot    the chain snapshot, validated on the way in and on the way out
contract    a contract item as it is read, typed
placement   where a contract stands in its chain: the one rule by which a row is usable
grid        the strike grid: rows by root and strike, calls beside puts
summary     what one pass over the contracts tells of a snapshot
session     trading dates in New York: today, tradable, open, days to expiry, typed times
calendar    trading days and closing times of the exchanges
```
"""
