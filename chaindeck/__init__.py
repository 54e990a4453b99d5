"""The program: command line, settings, composition, and the commands without a screen.

```
start       the entry point, which reports an expected failure as one line
cli         the command line
deck        the deck as a process: screen and engine side by side
commands    the commands without a screen
engine      the running program, composed of its parts
process     the process: signals, logs, streams, shutdown
config      settings: flags, environment and file, each with its origin
looks       what is settled before a screen loads: that its theme exists, and how many frames a second it paints
usage       errors of the command line
exits       the one table of exit codes
```
"""

__version__ = "0.2.0"
