"""Alerts: what an operator wants to be told of, when it is raised, and when it is over. No I/O.

```
book      all alerts of a run: what each report raises and ends, and what is acknowledged
alarm     one subject of one alert: armed, pending, raised, acknowledged
readings  what an alert finds in a report
derived   measures of the chains that alerts name, derived once per snapshot
words     an alert in words, and as the JSON that a hook reads
body      that JSON, by type
rule      an alert as configured: what it watches, its limit with hysteresis, what is done
pace      what is to be told, at most so often
```
"""
