"""The front door: command line, settings, composition, and the commands without a screen.

```
start       where the program begins, and where an expected failure ends as one line
cli         the command line
deck        the deck as a process: screen and engine side by side
commands    the commands without a screen
engine      the running program: what it is composed of
process     the process: its signals, logs, streams and its end
config      settings: flags, environment and file, each with its origin
theme       whether there is the theme that is asked for
usage       what is said of a command line that makes no sense
exits       the one table of exit codes
```
"""

__version__ = "0.2.0"
