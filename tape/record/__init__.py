"""From answers to a tape: what was new in each, the thread that writes, a file per trading day.

```
changes     what was new in each answer
```
"""
