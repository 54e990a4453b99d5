"""`chaindeck tape`: recordings looked over, verified, and made into others.

```
cli         its command line
make        `salvage`, `cut`, `merge` and `export`
look        what is on a recording, and whether it is sound
```
"""
