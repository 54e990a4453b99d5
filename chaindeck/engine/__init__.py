"""The running program: what it is composed of.

```
compose          a publisher with its watcher and events, and what is closed after them
sources          the sources that can be published, by name, and the streams beside them
pipeline         room: the compositor and its models
watching         a watcher, for a while or for a single look
replay           a replay of tapes, and what is closed after it
alerts           what an operator wants to be told of, judged, told and kept
services         what runs beside a screen or without one
engine           the engine's thread, with a loop of its own
travel           travelling in time, on a thread of its own
spots            the spots of the snapshots that were seen, and what they have realised
board_slot       where the engine leaves Board and analytics for the screen
recording        what the deck shows, onto tapes, and what a day of the mock needs
looking          what stands beside the snapshots, read for the screen as far as it is looked at
embedded_keeper  keeps an embedded server running
context          where a run gets its clock, its key schema and its identity
```
"""
