"""The running program: what it is composed of.

```
compose          which source, which publisher, and what is closed after them
services         what runs beside a screen or without one
engine           the engine's thread, with a loop of its own
board_slot       where the engine leaves Board and analytics for the screen
ended            commands that run until they are done or a signal ends them
embedded_keeper  keeps an embedded server there
signal_handlers  signals heard on a thread of their own
logs             where log lines go, and in which form
streams          the three standard streams as the parent left them
```
"""
