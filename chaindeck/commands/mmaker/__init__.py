"""`mmaker`.

```
cli  its command line
run  the compositor without a screen
```
"""
