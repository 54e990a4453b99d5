"""The only code that touches contract keys: what a poll reads, and what a publish writes.

```
store       the contract keys under one prefix: the way in
glance      one look at pointers and what stands beside them, in one round trip
scan        finds pointers by SCAN, in steps
stream      signs of life of the stream
writer      payload first, then the pointer, which moves forward only
draft       a snapshot on its way, and what the answers to it mean
kinds       the kind of source recorded beside each pointer
scripts     the scripts that write
```
"""
