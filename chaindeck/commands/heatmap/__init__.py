"""`chaindeck heatmap`.

```
cli   its command line
page  the model as it stands in Redis, printed once
```
"""
