"""A frame as the bytes that a terminal is sent: only what changed, in as few of them as show it.

```
sgr       the shortest change from one style to another
update    the compositor's updates, cut to what changed and written with such changes
```
"""
