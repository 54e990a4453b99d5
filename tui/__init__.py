"""Shows a Board: what is on screen as pure lines, and the Textual widgets that carry them.

```
app        the Textual app: one screen, themes, the command palette
screen     the deck's screen and its pages
dialogs    help, decisions, the faults of a demo
panels     the panels of the screen: widgets that carry lines
lines      what is on screen, as lines: pure functions
pages      the pages, each with its number
view       what the reader has chosen to look at
palette    meanings to styles
key_bar    the bottom line: the keys that are needed most
actions    what a reader can do: keys, key bar, help and palette come from there
ports      what the screen is given by whoever composes it
export     what is on screen as files of the reader's own
clipboard  what is copied, by tmux or by the terminal
pump       how queues of messages are worked off
prefs      the few choices that outlive a session
presets    named ways to arrange the screen
terminal   the terminal under the screen
```
"""
