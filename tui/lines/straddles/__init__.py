"""The page of straddles: several expirations side by side at the money.

```
choice   which cell is under the cursor, and what the rows are: strikes, or standard deviations
columns  what stands over each expiration, and its straddles
table    the page as lines
```
"""
