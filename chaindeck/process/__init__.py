"""The process as the operating system sees it: signals, log files, standard streams, shutdown.

```
ended            commands that run until they are done or a signal ends them
signal_handlers  signals handled on a thread of their own
logs             where log lines go, and in which form
progress         how far a long task is, in one line on a terminal
collector        how often Python's garbage collector runs
streams          the three standard streams as the parent left them
```
"""
