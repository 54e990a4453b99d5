"""`chaindeck record`: what a Redis answers, or a day of the mock, onto tapes.

```
cli       its command line
follow    follows a Redis until told to stop
mock_day  makes a whole trading day of the mock in little time
```
"""
