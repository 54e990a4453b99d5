"""`chaindeck replay`.

```
cli  its command line
run  plays to the end, or until told to stop
```
"""
