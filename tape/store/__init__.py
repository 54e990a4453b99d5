"""The tape as a file: its layout, how values are packed, the one writer and the readers.

```
writer      the one writer: moments and facts as they came
file        reads a tape: its moments, its values, and the facts in force at any of them
rows        rows as read, typed and verified by their checksums
facts       the content of a tape: moments, each with the facts that were new
states      states of the watcher whose answers are recorded
words       what a moment or fact is about, as JSON by type
codec       how values are packed: each against an earlier one of its kind
zstd        Zstandard, of the standard library where it has it
layout      tables, format and version, and how a file is opened or refused
```
"""
