"""From what a reader answers to a Board.

```
watcher     the poll loop: pointers each time, payloads only where a pointer moved
port        what a reader is asked, and what it answers: Redis is one, a recording another
registry    which chains are expected
tracker     what one chain remembers from poll to poll
```
"""
