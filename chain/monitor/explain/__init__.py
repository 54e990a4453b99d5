"""Where a number on screen comes from: computed again from the very snapshot that is shown. Pure.

```
explain      from a question to its explanation
cell         a figure of one contract
staged       what the stream has painted over a snapshot's figure
fields       the figures that a payload carries, and those made of them
origin       what every explanation says of its snapshot: keys, stamps, ages by both clocks, kind of source
payload      a payload's contracts as typed values, and as they are written
question     what can be asked
explanation  what is answered
```
"""
