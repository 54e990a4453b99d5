"""What keeps publishers out of each other's way.

```
guard       keeps invented and recorded data away from live data
permission  what the two allow a publisher now
lease       one live publisher leads, another stands by
```
"""
