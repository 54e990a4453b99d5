"""Settings: flags, environment and file, each with its origin.

```
settings        every setting in one table
values          what text or TOML holds, made into values
alerts          the tables [[alerts]], checked
heatmap         the widths of the heatmap model, as text
file            where each setting comes from
toml_file       the file as it stands, and on which line each key is
keys            its table of keys
flags           flags shared by several commands
redis_location  which Redis: the named one, or this user's embedded server
```
"""
