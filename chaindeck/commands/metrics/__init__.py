"""The Board for Prometheus.

```
endpoint     answers scrapes: the newest Board, evaluated at the moment of each
counters     what publishers count, as counters
alert_rules  rules for the pager, as grave as our own signals
```
"""
