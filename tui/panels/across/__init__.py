"""The pages that show several expirations of an underlying.

```
page       what they have in common: the scene that a frozen view keeps, and its expirations
measures   the page of measures
straddles  the page of straddles
```
"""
