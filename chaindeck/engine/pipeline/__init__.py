"""What stands beside a publisher and runs with it or alone.

```
composing  the compositor and the heatmap's publisher, which hears of each flush
```
"""
