"""Alerts in a running program: judged once a poll on the engine's thread, told, and kept for the next run.

```
service   takes Boards, tells what is raised and what is over
hooks     runs the commands of alerts, one at a time each
command   one run of a command: its input, its output, its end
kept      the file in which raised alerts outlive a run
opening   services with their alerts
```
"""
