"""Protects publishers, and live data above all, from each other.

```
guard         keeps invented and recorded data away from live data
publish_gate  what lease and guard let a publisher do now
```
"""
