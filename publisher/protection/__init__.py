"""What keeps publishers out of each other's way.

```
guard       keeps invented and recorded data away from live data
lease       one live publisher leads, another stands by
```
"""
