"""From a tape to answers: a reader that gives a watcher what another reader was answered then.

```
reader      answers from a tape: to a watcher it is a Redis of that past
look_times  when each look was, and which one an instant leads to
told        what a moment of a tape told
player      Boards of a tape at any of its looks
starts      where on a tape it is known what the watcher knew
reel        several tapes one after the other as one past
boards      Boards from a tape, without waiting for any clock
```
"""
