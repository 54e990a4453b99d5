"""Decodes everything from outside: checked for size, depth and count first, and then by type.

```
form        the type and limits of one kind of value, and how it is decoded
salvage     decodes a value whose optional fields may be invalid
limits      limits of a value, checked on its bytes
prune       replaces what nests too deep
schema      JSON Schemas from the same types
```
"""
