"""The commands without a screen.

```
headless   `publish`
status     `status`
heatmap    room: `heatmap`
analytics  `analytics`
alert      `alert`: alerts without a screen
plain      the deck as one frame of text
check      `check`
verify     `verify`
metrics    `metrics`, and its alert rules
config     `config show` and `config validate`
record     `record`
mmaker     `mmaker`
tape       `tape`
replay     `replay`
operator   `acknowledge`, and publishing again
```
"""
