"""What is on screen as files of the reader's own.

```
file    a private file under a name of its own, which replaces none
name    the name: what it is of, and of when
tables  what is on each page as a table
table   a table as CSV, after lines that say where it comes from
svg     the screen as a picture
```
"""
