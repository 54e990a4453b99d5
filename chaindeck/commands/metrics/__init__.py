"""The Board for Prometheus.

```
endpoint     answers scrapes with the newest Board, evaluated at that moment
pipeline     metrics of the stream and the compositor
counters     publishers' counters
alert_rules  rules for the pager, with the severity of our own signals
```
"""
