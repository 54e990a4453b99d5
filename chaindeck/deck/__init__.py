"""The deck as a process: screen and engine side by side.

```
deck        the deck, or one frame of text without a terminal
open        the deck on a recording, without any Redis
cli         the command lines of `open` and `replay`
replay      the deck beside a replay, which it steers
display     the screen from first frame to exit
watchdog    notices a thread stuck in a computation
demo        the demo menu's faults
```
"""
