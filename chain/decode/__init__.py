"""Everything that comes from outside is read here: bounded in bytes, depth and count first, and then by type.

```
form        what one kind of value must look like, and the only way in which it is read
salvage     reads what is left of a value when a field that can be spared does not fit
limits      what a value may cost, checked on its bytes
prune       cuts out what nests too deep
schema      JSON Schemas from the same types
```
"""
