"""The commands without a screen.

```
headless     `publish`
status       `status`
plain        the deck as one frame of text
check        `check`
verify       `verify`
metrics      `metrics`
counters     the counters of a heartbeat as metrics
alert_rules  `metrics --rules`
tape         `tape`
operator     `acknowledge`, and publishing again
```
"""
