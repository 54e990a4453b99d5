"""What a publisher of the contract keeps and what it breaks, clause by clause.

```
reader      looks at one prefix of one Redis, with commands that only read
audit       what was seen, checked clause by clause
report      the whole watch as JSON, by type
expiries    the expirations of each underlying, against section 5
pointer     one pointer through time, against section 2
payload     one payload, against section 3
surface     the contracts of one snapshot, against section 4.1
clauses     the clauses, and the ledger in which each check is entered
```
"""
