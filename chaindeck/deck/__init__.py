"""The deck as a process: screen and engine side by side.

```
deck        the deck, or one frame of text where there is no terminal
display     the screen from its first picture until the reader quits
watchdog    notices a thread that computes without end
demo        the demo menu's faults
```
"""
