"""`chaindeck tape`: recordings looked over, verified, and made into others.

```
cli         its command line
record      `record`
make        `salvage`, `cut`, `merge` and `export`
look        what is on a recording, and whether it is sound
```
"""
