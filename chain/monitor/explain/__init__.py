"""Where a number on screen comes from: computed again from the very snapshot that is shown. Pure.

```
explain      from a question to its explanation
subjects     explanations by what is asked of
origin       what every explanation says of its snapshot: keys, stamps, ages by both clocks, kind of source
staged       what the stream has painted over a snapshot's figure
times        what the vendor says of when a figure is
question     what can be asked
fields       the figures that a payload carries, and those made of them
payload      a payload's contracts as typed values, and as they are written
explanation  what is answered
```
"""
