"""Every action of the deck, as records; what each does is a method of the screen, `action_` and the name in its call.

```
everything  all of them, and each by its id
moving      where to look
looking     what is shown, and how
asking      where numbers come from, and taking them along
past        times, playing, comparing
deciding    what concerns more than the view: faults, recording, log, help
```
"""
