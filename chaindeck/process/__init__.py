"""The process as the operating system sees it: how it begins to hear, where it writes, and how it ends.

```
ended            commands that run until they are done or a signal ends them
signal_handlers  signals heard on a thread of their own
logs             where log lines go, and in which form
collector        how often Python searches for dead objects
streams          the three standard streams as the parent left them
```
"""
