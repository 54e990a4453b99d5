"""The page of measures: what every expiration of an underlying says, and all together.

```
names   what measures are called, in which order and groups they stand, and how their values read
choice  which measure of which column is under the cursor
table   the page as lines: a row for each measure, a column for each expiration
detail  the measure under the cursor in full
```
"""
