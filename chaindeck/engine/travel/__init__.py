"""Travelling in time: the screen's port to what is recorded, on a thread of its own.

```
heatmaps   the heatmap of an instant, of its snapshots alone
traveller  the thread: moves the cursor, plays, and shows where it stands
walk       where a move leads, and what is passed on the way
line       the line of time: what is recorded when, and the marks on it
spots      what spots had realised at an instant, from what was seen up to it
search     finds marks and spots on the line of time, while nothing else is to be done
recent     the ring of recent answers as the past of a live deck
```
"""
