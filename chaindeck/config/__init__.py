"""Settings: flags, environment and file, each with its origin.

```
settings        every setting in one table
file            where each setting comes from
flags           the flags that several commands share
redis_location  which Redis: the one that is named, or this user's embedded server
```
"""
