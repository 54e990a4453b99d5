"""`chaindeck alert`: the alerts of the config file without a screen.

```
cli   its command line
run   watches until told to stop
look  one look: how every alert stands, and nothing done
body  what that is as JSON
```
"""
